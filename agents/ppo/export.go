package ppo

import (
	"fairlb/agents/onnx"
	"fairlb/agents/policy"
)

// Export adds to an ONNX graph the policy of one LB.
func (c Config) Export(g *onnx.Graph, lb int) error {
	prefix := g.Scope + "."
	x := g.ServerNet(prefix+"actor", g.Normalised(prefix, g.Observation(lb)))
	if c.Head == policy.Discrete {
		g.OutputBest(x, c.Levels, lb)
	} else {
		g.OutputMode(x, 0, c.Box, lb)
	}
	return nil
}
