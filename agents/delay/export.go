package delay

import "fairlb/agents/onnx"

// Export adds to an ONNX graph the policy of one LB: log-weights are kappa
// times the model's centred ones, and a correction of each server, within the
// box.
func (c Config) Export(g *onnx.Graph, lb int) error {
	prefix := g.Scope + "."
	z := g.LogNormalised(prefix, g.Observation(lb))
	if c.Layers > 0 {
		z = g.ServerNet(prefix+"net", z)
	} else { // offsets alone: zeros, of as many states as the observation has
		z = g.MatMul(z, g.Constant("zeros", []int{g.Features, 1}, make([]float32, g.Features)))
	}
	perServer := func(name string) string {
		return g.Constant(name, []int{g.Servers}, g.Parameter(prefix+name).Data)
	}
	u := g.Add(g.Column(z, 0), perServer("offset"))
	u = g.Mul(g.Centred(u), g.Constant("kappa", []int{1}, g.Parameter(prefix+"kappa").Data))
	g.OutputBoxed(g.Add(u, perServer("correction")), c.Box, lb)
	return nil
}
