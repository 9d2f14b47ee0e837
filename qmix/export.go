package qmix

import (
	"strconv"

	"fairlb/agents/onnx"
)

// Export adds to an ONNX graph the policy of one LB: each server gets the level
// of the largest utility, or the average of these, whose state is the LB's.
func (c Config) Export(g *onnx.Graph, lb int) error {
	prefix := g.Scope + "."
	x := g.ServerNet(prefix+"utility", g.Normalised(prefix, g.Observation(lb)))
	if c.Utility == Quadratic {
		x = c.exportQuadratic(g, x)
	}
	if c.averages() {
		u := g.RunningMean(g.Best(x, c.Levels), strconv.Itoa(lb), c.ActionAverage)
		g.OutputWeights(u, lb)
		return nil
	}
	g.OutputBest(x, c.Levels, lb)
	return nil
}

// exportQuadratic adds a value [B,N,K] of each level that orders levels as
// quadratic utilities do: minus the squared distance from the log-weights at
// which their sum is largest. The network's outputs x [B,N,4] are, per server,
// the value, the slope b, what softplus makes the curvature c of, and the
// logarithm of the share w. The largest sum is at (b_j - m w_j) / c_j, with m =
// sum_j (w_j b_j / c_j) / sum_j (w_j^2 / c_j), less its mean over servers.
func (c Config) exportQuadratic(g *onnx.Graph, x string) string {
	column := func(k int) string { // [B,N,1]
		pick := make([]float32, 4)
		pick[k] = 1
		return g.MatMul(x, g.Constant("pick", []int{4, 1}, pick))
	}
	slope := column(1)
	curvature := g.Add(g.Op("Softplus", []string{column(2)}), g.Scalar("least", leastCurvature))
	share := g.Op("Softmax", []string{column(3)}, onnx.Integer("axis", 1))
	part := g.Div(share, curvature)
	m := g.Div(g.ServerMean(g.Mul(part, slope)), g.ServerMean(g.Mul(part, share)))
	peak := g.Centred(g.Div(g.Sub(slope, g.Mul(m, share)), curvature))
	row := make([]float32, len(c.Levels))
	for k, u := range c.Levels {
		row[k] = float32(u)
	}
	distance := g.Sub(peak, g.Constant("levels", []int{len(row)}, row))
	return g.Mul(g.Mul(distance, distance), g.Scalar("minus", -1))
}
