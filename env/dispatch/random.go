package dispatch

import (
	"math/rand/v2"
	"slices"
)

var _ Rule = (*Random)(nil)

// Random sends a request to server j with probability a_j / sum a over the
// servers that are in: ECMP with equal weights, WCMP with the servers' capacities
// (appendix C.3). It draws by the alias method (Walker 1977), one random number a
// request, whatever the number of servers. Its table is made anew when a server
// goes out or comes in.
type Random struct {
	weights []float64
	members membership
	keep    []float64 // by column, one for each server that is in: the probability to keep that server
	alias   []int32   // by column, the column to take otherwise

	small, large []int32 // columns below and above the average, used while the table is made
}

// NewRandom returns the rule for the given positive weights.
func NewRandom(weights []float64) (*Random, error) {
	if err := checkWeights(weights); err != nil {
		return nil, err
	}
	n := len(weights)
	r := &Random{
		weights: slices.Clone(weights), members: newMembership(n),
		keep: make([]float64, n), alias: make([]int32, n),
		small: make([]int32, 0, n), large: make([]int32, 0, n),
	}
	r.tabulate()
	return r, nil
}

// tabulate makes the table for the servers that are in.
func (r *Random) tabulate() {
	n := len(r.members.in)
	total := 0.0
	for _, j := range r.members.in {
		total += r.weights[j]
	}
	r.keep, r.alias = r.keep[:n], r.alias[:n]

	// Columns under the average are filled up from columns above it.
	small, large := r.small, r.large
	for c, j := range r.members.in {
		r.keep[c] = r.weights[j] * float64(n) / total
		r.alias[c] = int32(c)
		if r.keep[c] < 1 {
			small = append(small, int32(c))
		} else {
			large = append(large, int32(c))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		r.alias[s] = l
		r.keep[l] -= 1 - r.keep[s]
		if r.keep[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, c := range small {
		r.keep[c] = 1
	}
	for _, c := range large {
		r.keep[c] = 1
	}
}

// Pick implements Rule.
func (r *Random) Pick(v *View) int {
	r.update(v)
	return r.draw(v.Rand)
}

// update takes over which servers are in.
func (r *Random) update(v *View) {
	if r.members.update(v) {
		r.tabulate()
	}
}

// draw returns a server that is in, with its probability.
func (r *Random) draw(rng *rand.Rand) int {
	u := rng.Float64() * float64(len(r.keep))
	c := int(u)
	if u-float64(c) >= r.keep[c] {
		c = int(r.alias[c])
	}
	return int(r.members.in[c])
}
