package policy

import (
	"math"
	"math/rand/v2"

	"fairlb/agents/nn"
)

// Levels are the log-weights, rising, that a discrete policy chooses among for
// each server.
type Levels []float64

// Nearest returns the index of the level nearest to the log-weight u, the lower
// of two that are equally near.
func (l Levels) Nearest(u float64) int {
	best := 0
	for k, level := range l {
		if math.Abs(level-u) < math.Abs(l[best]-u) {
			best = k
		}
	}
	return best
}

// Encode writes the indices of the levels nearest to the log-weights u to dst.
func (l Levels) Encode(dst, u []float32) {
	for i, v := range u {
		dst[i] = float32(l.Nearest(float64(v)))
	}
}

// Bias returns a first bias for the outputs of an actor or a utility, one per
// level: value for the level nearest to 0, which is thus the best one before
// anything has been learned, so that an untrained policy treats all servers
// alike; and 0 for the others.
func (l Levels) Bias(value float32) []float32 {
	bias := make([]float32, len(l))
	bias[l.Nearest(0)] = value
	return bias
}

// Decide returns a Policy's Decide of a categorical over the levels for each
// server, given its log-probabilities [servers,levels], a node of plan: sampled
// if explore is set, else the most probable level.
func (l Levels) Decide(plan *nn.Plan, logp *nn.Node, explore bool) func(u []float64, n *Noise) {
	return func(u []float64, n *Noise) {
		plan.Run()
		for j := range u {
			row := logp.Data()[j*len(l) : (j+1)*len(l)]
			if explore {
				u[j] = l[SampleIndex(row, n.rng)]
			} else {
				u[j] = l[Argmax(row)]
			}
		}
	}
}

// Argmax returns the index of the largest value, the first of several.
func Argmax(x []float32) int {
	best := 0
	for k, v := range x {
		if v > x[best] {
			best = k
		}
	}
	return best
}

// SampleIndex draws an index by the logarithms of the indices' probabilities.
func SampleIndex(logp []float32, rng *rand.Rand) int {
	left := rng.Float64()
	for k, lp := range logp {
		if left -= math.Exp(float64(lp)); left < 0 {
			return k
		}
	}
	return len(logp) - 1
}
