package ppo

import (
	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// head is what differs between kinds of policy. R is the number of rows, one
// per server of each state.
type head interface {
	// bias is the first bias of the actor's outputs, as many as there are; at
	// it the mode is the log-weight nearest to 0.
	bias() []float32

	// encode turns log-weights u [R] into what logProb takes.
	encode(dst, u []float32)

	// logProb adds the log-probabilities [R,1] of actions [R,1] that were
	// taken, and the entropies [R,1], from the actor's outputs.
	logProb(b nn.Builder, out, action *nn.Node) (logp, entropy *nn.Node)

	// act adds the policy of one state to a plan, from the actor's outputs,
	// and returns what runs it and writes the log-weights: sampled if explore
	// is set, else the mode.
	act(plan *nn.Plan, out *nn.Node, explore bool) func(u []float64, noise *policy.Noise)
}

func newHead(cfg *Config) head {
	if cfg.Head == policy.Discrete {
		return &discrete{levels: cfg.Levels}
	}
	return &gaussian{box: float32(cfg.Box), sigma: float32(cfg.Sigma)}
}

// gaussian is a squashed Gaussian per server, of which the outputs are the mean
// and the raw scale. Its entropy is that before squashing.
type gaussian struct{ box, sigma float32 }

var _ head = (*gaussian)(nil)

func (h *gaussian) bias() []float32 { return []float32{0, 0} }

func (h *gaussian) encode(dst, u []float32) { copy(dst, u) }

func (h *gaussian) logProb(b nn.Builder, out, action *nn.Node) (logp, entropy *nn.Node) {
	return b.Apply(&nn.SquashedLogProb{Box: h.box, Sigma: h.sigma}, out, action),
		b.Apply(&nn.GaussianEntropy{Sigma: h.sigma}, out)
}

func (h *gaussian) act(plan *nn.Plan, out *nn.Node, explore bool) func([]float64, *policy.Noise) {
	var action, noise *nn.Node
	if explore {
		noise = plan.Input("noise", out.Shape()[0], 1)
		action = plan.Apply(&nn.SquashedGaussian{Box: h.box, Sigma: h.sigma}, out, noise)
	} else {
		action = plan.Apply(&nn.GaussianMode{Box: h.box}, out)
	}
	return policy.DecideContinuous(plan, action, noise) // behind the actions come their log-probabilities
}

// discrete is a categorical over levels of log-weight per server, of which the
// outputs are the logits.
type discrete struct{ levels policy.Levels }

var _ head = (*discrete)(nil)

// neutralLogit is the first bias of the level nearest to 0.
const neutralLogit = 0.1

func (h *discrete) bias() []float32 { return h.levels.Bias(neutralLogit) }

func (h *discrete) encode(dst, u []float32) { h.levels.Encode(dst, u) }

func (h *discrete) logProb(b nn.Builder, out, action *nn.Node) (logp, entropy *nn.Node) {
	all := b.Apply(new(nn.LogSoftmax), out)
	return b.Apply(new(nn.Gather), all, action), b.Apply(new(nn.Entropy), all)
}

func (h *discrete) act(plan *nn.Plan, out *nn.Node, explore bool) func([]float64, *policy.Noise) {
	return h.levels.Decide(plan, plan.Apply(new(nn.LogSoftmax), out), explore)
}
