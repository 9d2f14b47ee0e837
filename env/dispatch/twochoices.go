package dispatch

import "slices"

var _ Rule = (*TwoChoices)(nil)

// TwoChoices is the power of two choices (Mitzenmacher 2001) by the LB's own
// counts: of two servers that are in, each drawn with a chance in proportion to
// its capacity, it takes the one with less (q_ij + 1) / capacity.
type TwoChoices struct {
	random   *Random
	capacity []float64
}

// NewTwoChoices returns the rule for the given positive capacities.
func NewTwoChoices(capacity []float64) (*TwoChoices, error) {
	random, err := NewRandom(capacity)
	if err != nil {
		return nil, err
	}
	return &TwoChoices{random: random, capacity: slices.Clone(capacity)}, nil
}

// Pick implements Rule. Both draws may be the same server.
func (r *TwoChoices) Pick(v *View) int {
	r.random.update(v)
	return r.compare(v, r.random.draw(v.Rand), r.random.draw(v.Rand))
}

// compare returns the one of two servers with less (q_ij + 1) / capacity.
func (r *TwoChoices) compare(v *View, first, second int) int {
	a := float64(v.Ongoing[first]+1) / r.capacity[first]
	b := float64(v.Ongoing[second]+1) / r.capacity[second]
	if b < a {
		return second
	}
	return first // in a tie too: the first is as random as the second
}
