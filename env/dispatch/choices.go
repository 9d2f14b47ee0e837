package dispatch

import "slices"

var _ Rule = (*TwoChoices)(nil)

// TwoChoices draws two servers at random, a server by its capacity, of those
// that are in, and takes the one with less (q_ij + 1) / capacity, either of them in a tie: "power of
// two choices" (Mitzenmacher 2001) by the LB's own counts.
type TwoChoices struct {
	draw     *Random
	capacity []float64
}

// NewTwoChoices returns the rule for the given positive capacities.
func NewTwoChoices(capacity []float64) (*TwoChoices, error) {
	draw, err := NewRandom(capacity)
	if err != nil {
		return nil, err
	}
	return &TwoChoices{draw: draw, capacity: slices.Clone(capacity)}, nil
}

// Pick implements Rule. The two draws may name one server.
func (r *TwoChoices) Pick(v *View) int {
	r.draw.update(v)
	first, second := r.draw.draw(v.Rand), r.draw.draw(v.Rand)
	a := float64(v.Ongoing[first]+1) / r.capacity[first]
	b := float64(v.Ongoing[second]+1) / r.capacity[second]
	if b < a {
		return second
	}
	return first // of a tie the first is as random as the second
}
