package sac

import (
	"math"
	"slices"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// categorical is the policy of a categorical over levels of log-weight for each
// server and LB: the actor's outputs are the K logits of each LB.
type categorical struct {
	lbs          int // that the agent steers
	levels       policy.Levels
	entropyShare float64 // of the entropy of the uniform choice
}

var _ policyHead = (*categorical)(nil)

func (h *categorical) outputs() int { return h.lbs * len(h.levels) }

// levelBias is the first logit of the level nearest to 0: enough to make it the
// mode, hardly enough to be seen in the probabilities.
const levelBias = 0.2

func (h *categorical) bias() []float32 { return slices.Repeat(h.levels.Bias(levelBias), h.lbs) }

func (h *categorical) targetEntropy(float64) float64 {
	return float64(h.lbs) * (h.entropyShare * math.Log(float64(len(h.levels))))
}

// logp adds the log-probabilities [rows*LBs,K] of outputs [rows,LBs*K].
func (h *categorical) logp(b nn.Builder, out *nn.Node, rows int) *nn.Node {
	return b.Apply(new(nn.LogSoftmax), reshape(b, out, h.lbs, rows*h.lbs, len(h.levels)))
}

// expected adds the expected levels [rows,1] under log-probabilities [rows,K],
// which have a gradient where the most probable level has none.
func (h *categorical) expected(b nn.Builder, logp *nn.Node, rows int) *nn.Node {
	levels := b.Input("levels", rows, len(h.levels))
	for i := range levels.Data() {
		levels.Data()[i] = float32(h.levels[i%len(h.levels)])
	}
	return b.Apply(new(nn.Expectation), logp, levels)
}

// decide implements policyHead.
func (h *categorical) decide(plan *nn.Plan, out *nn.Node, servers int, explore bool) func([]float64, *policy.Noise) {
	return h.levels.Decide(plan, h.logp(plan, out, servers), explore)
}
