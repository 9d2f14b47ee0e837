package sac

import (
	"strconv"

	"fairlb/agents/onnx"
	"fairlb/agents/policy"
)

// Export adds to an ONNX graph the policy of one LB of Distr-LB or RLB-SAC.
func (c Config) Export(g *onnx.Graph, lb int) error {
	prefix := g.Scope + "."
	x := c.exportActor(g, prefix, strconv.Itoa(lb), g.Observation(lb))
	if c.Head == policy.Discrete {
		g.OutputBest(x, c.Levels, lb)
	} else {
		g.OutputMode(x, 0, c.Box, lb)
	}
	return nil
}

// ExportJoint adds to an ONNX graph the policy of Centr-LB, of which the given
// LBs' weights are wanted. Its network reads the observations of all LBs: the
// row of a server holds the features that the first LB sees, then those of the
// next. It has outputs for each LB: a mean and a standard deviation per server,
// or a value for each level.
func (c Config) ExportJoint(g *onnx.Graph, lbs []int) error {
	g.Scope = "all"
	prefix := "all." // of the parameters' names
	if g.LBs == 1 {
		prefix = "lb0."
	}
	var seen []string
	for lb := range g.LBs {
		seen = append(seen, g.Observation(lb))
	}
	x := seen[0]
	if len(seen) > 1 {
		x = g.Op("Concat", seen, onnx.Integer("axis", 2))
	}
	x = c.exportActor(g, prefix, onnx.AllLBs, x)
	levels := len(c.Levels)
	for _, lb := range lbs {
		if c.Head != policy.Discrete {
			g.OutputMode(x, 2*lb, c.Box, lb)
			continue
		}
		own := make([]float32, g.LBs*levels*levels) // [LBs*levels, levels]: 1 where a row is that level of this LB
		for k := range levels {
			own[(lb*levels+k)*levels+k] = 1
		}
		g.OutputBest(g.MatMul(x, g.Constant("own", []int{g.LBs * levels, levels}, own)), c.Levels, lb)
	}
	return nil
}

// exportActor adds the actor's network, whose parameters' names begin with prefix,
// on the raw observation x [B,N,F] -> [B,N,K]. owner is who a recurrent network's
// state belongs to.
func (c Config) exportActor(g *onnx.Graph, prefix, owner, x string) string {
	x = g.Normalised(prefix, x)
	if c.Network == Recurrent {
		return g.RecurrentNet(prefix+"actor", owner, x)
	}
	return g.ServerNet(prefix+"actor", x)
}
