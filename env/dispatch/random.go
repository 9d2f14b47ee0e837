package dispatch

var _ Rule = (*Random)(nil)

// Random sends a request to server j with probability a_j / sum a (ECMP with
// equal weights, WCMP with the servers' capacities), by the alias method: one
// random number a request, whatever the number of servers.
type Random struct {
	keep  []float64 // probability to keep the column that was drawn
	alias []int32   // the server to take otherwise
}

// NewRandom returns the rule for the given positive weights.
func NewRandom(weights []float64) (*Random, error) {
	if err := checkWeights(weights); err != nil {
		return nil, err
	}
	n := len(weights)
	total := 0.0
	for _, w := range weights {
		total += w
	}
	r := &Random{keep: make([]float64, n), alias: make([]int32, n)}

	// Columns under the average are filled up from columns above it.
	var small, large []int32
	for j, w := range weights {
		r.keep[j] = w * float64(n) / total
		r.alias[j] = int32(j)
		if r.keep[j] < 1 {
			small = append(small, int32(j))
		} else {
			large = append(large, int32(j))
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
	for _, rest := range [][]int32{small, large} {
		for _, j := range rest {
			r.keep[j] = 1
		}
	}
	return r, nil
}

// Pick implements Rule.
func (r *Random) Pick(v *View) int {
	u := v.Rand.Float64() * float64(len(r.keep))
	j := int(u)
	if u-float64(j) < r.keep[j] {
		return j
	}
	return int(r.alias[j])
}
