package dispatch

import (
	"fmt"
	"math"
)

var _ Rule = (*ShortestDelay)(nil)

// ShortestDelay sends a request to argmin_j (q_ij + 1) / a_ij, one of the
// minimisers at random when there are several. With all weights equal it is
// LSQ, with weights proportional to the processors SED (appendix C.3), and
// with an agent's weights the data plane of that agent. Scores are float64
// products: equal ones are found equal for all whole weights up to 48.
type ShortestDelay struct {
	inverse []float64 // 1 / a_ij
}

// NewShortestDelay returns the rule for the given positive weights.
func NewShortestDelay(weights []float64) (*ShortestDelay, error) {
	r := &ShortestDelay{inverse: make([]float64, len(weights))}
	if err := r.SetWeights(weights); err != nil {
		return nil, err
	}
	return r, nil
}

// SetWeights replaces the weights; their number stays. On an error the old
// ones stay.
func (r *ShortestDelay) SetWeights(weights []float64) error {
	if len(weights) != len(r.inverse) {
		return fmt.Errorf("dispatch: %d weights for %d servers", len(weights), len(r.inverse))
	}
	if err := checkWeights(weights); err != nil {
		return err
	}
	for j := range r.inverse {
		r.inverse[j] = 1 / weights[j]
	}
	return nil
}

// Pick implements Rule.
func (r *ShortestDelay) Pick(v *View) int {
	q := v.Ongoing
	inverse := r.inverse[:len(q)]
	best, first, ties := math.Inf(1), 0, 0
	for j, n := range q {
		switch score := float64(n+1) * inverse[j]; {
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
		if float64(q[j]+1)*inverse[j] == best {
			if skip == 0 {
				return j
			}
			skip--
		}
	}
}
