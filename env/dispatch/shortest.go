package dispatch

import (
	"fmt"
	"math"
	"slices"
)

var _ Rule = (*ShortestDelay)(nil)

// ShortestDelay sends a request to argmin_j (q_ij + 1) / a_ij, one of the
// minimisers at random when there are several. With all weights equal it is
// LSQ, with weights proportional to the processors SED (appendix C.3), and
// with an agent's weights the data plane of that agent.
type ShortestDelay struct {
	weights []float64 // a_ij
}

// NewShortestDelay returns the rule for the given positive weights.
func NewShortestDelay(weights []float64) (*ShortestDelay, error) {
	if err := checkWeights(weights); err != nil {
		return nil, err
	}
	return &ShortestDelay{weights: slices.Clone(weights)}, nil
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
	return nil
}

// Pick implements Rule. It divides, and does not multiply by inverses, because
// division rounds correctly: equal scores of whole weights then compare equal.
func (r *ShortestDelay) Pick(v *View) int {
	q := v.Ongoing
	weights := r.weights[:len(q)]
	best, first, ties := math.Inf(1), 0, 0
	for j, n := range q {
		switch score := float64(n+1) / weights[j]; {
		case score < best:
			best, first, ties = score, j, 1
		case score == best:
			ties++
		}
	}
	if ties == 1 {
		return first
	}
	skip := v.Rand.IntN(ties)
	for j := first; ; j++ {
		if float64(q[j]+1)/weights[j] == best {
			if skip == 0 {
				return j
			}
			skip--
		}
	}
}
