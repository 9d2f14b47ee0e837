package dispatch

import (
	"fmt"
	"math"
	"slices"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*ShortestDelay)(nil)
	_ snapshot.Stater = (*ShortestDelay)(nil)
)

// ShortestDelay sends a request to argmin_j (q_ij + 1) / a_ij over the servers
// that are in, to one of several minimisers at random. With equal weights it is
// LSQ, with weights in proportion to the processors it is SED (appendix C.3), and
// with an agent's weights it is the data plane of that agent.
//
// Scores are quotients, not products with inverses, because division rounds
// correctly: equal scores of whole weights then compare equal.
type ShortestDelay struct {
	weights []float64 // a_ij
	scores  scoreTree
	stale   bool // the scores were computed with other weights
}

// NewShortestDelay returns the rule for the given positive weights.
func NewShortestDelay(weights []float64) (*ShortestDelay, error) {
	if err := checkWeights(weights); err != nil {
		return nil, err
	}
	return &ShortestDelay{weights: slices.Clone(weights), scores: newScoreTree(len(weights)), stale: true}, nil
}

// SetWeights replaces the weights; their number stays. On an error the old
// ones stay.
func (r *ShortestDelay) SetWeights(weights []float64) error {
	if len(weights) != len(r.weights) {
		return fmt.Errorf("dispatch: %d weights for %d servers", len(weights), len(r.weights))
	}
	if err := checkWeights(weights); err != nil {
		return err
	}
	copy(r.weights, weights)
	r.stale = true
	return nil
}

// Pick implements Rule: O(log servers) for each count that changed.
func (r *ShortestDelay) Pick(v *View) int {
	if r.stale || v.changed == nil {
		r.scores.fill(func(j int) float64 { return r.score(v, j) }, len(r.weights))
		r.stale = false
	} else {
		for _, j := range v.changed {
			r.scores.set(int(j), r.score(v, int(j)))
		}
	}
	return r.scores.pick(v.Rand)
}

// score returns a server's score: +Inf if it is out, which is more than that of
// any server that is in.
func (r *ShortestDelay) score(v *View, server int) float64 {
	if v.out(server) {
		return math.Inf(1)
	}
	return expectedDelay(v.Ongoing[server], r.weights[server])
}

// expectedDelay returns (q + 1) / a, cut so that it is finite even for the least
// weights.
func expectedDelay(ongoing int32, weight float64) float64 {
	return min(float64(ongoing+1)/weight, math.MaxFloat64)
}

// State implements snapshot.Stater. It saves the weights, which an agent may have
// set.
func (r *ShortestDelay) State(c *snapshot.Codec) {
	snapshot.Fixed(c, r.weights, c.Float64)
	if !c.Reading() || c.Err() != nil {
		return
	}
	if err := checkWeights(r.weights); err != nil {
		c.Fail("%v", err)
	}
	r.stale = true
}
