package es

import "fairlb/agents/onnx"

// Export adds to an ONNX graph the policy of one LB: log-weights are an offset
// of each server and a sum of its normalised features times coefficients,
// centred and within the box.
func (c Config) Export(g *onnx.Graph, lb int) error {
	prefix := g.Scope + "."
	coefficients := make([]float32, g.Features)
	for k, v := range g.Parameter(prefix + "coefficient").Data { // none if the policy uses no features
		coefficients[k] = float32(c.Scale * float64(v))
	}
	z := g.LogNormalised(prefix, g.Observation(lb))
	u := g.Column(g.MatMul(z, g.Constant("coefficient", []int{len(coefficients), 1}, coefficients)), 0)
	u = g.Add(u, g.Constant("offset", []int{g.Servers}, g.Parameter(prefix+"offset").Data))
	g.OutputBoxed(g.Centred(u), c.Box, lb)
	return nil
}
