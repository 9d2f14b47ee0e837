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

// ShortestDelay sends a request to argmin_j (q_ij + 1) / a_ij, one of the
// minimisers at random when there are several, of the servers that are in. With all weights equal it is
// LSQ, with weights proportional to the processors SED (appendix C.3), and
// with an agent's weights the data plane of that agent.
//
// Scores are quotients, not products with inverses, because division rounds
// correctly: equal scores of whole weights then compare equal.
type ShortestDelay struct {
	weights []float64 // a_ij
	scores  bracket
	stale   bool // the scores are not those of the weights
}

// NewShortestDelay returns the rule for the given positive weights.
func NewShortestDelay(weights []float64) (*ShortestDelay, error) {
	if err := checkWeights(weights); err != nil {
		return nil, err
	}
	return &ShortestDelay{weights: slices.Clone(weights), scores: newBracket(len(weights)), stale: true}, nil
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

// score returns what a server is judged by. None that is out, and nothing
// that is no server, has less than one that is in.
func (r *ShortestDelay) score(v *View, server int) float64 {
	if v.out(server) {
		return math.Inf(1)
	}
	return delay(v.Ongoing[server], r.weights[server])
}

// delay returns (q + 1) / a, which is finite even of the least weights.
func delay(ongoing int32, weight float64) float64 {
	return min(float64(ongoing+1)/weight, math.MaxFloat64)
}

// State implements snapshot.Stater: the weights, which an agent may have set.
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
