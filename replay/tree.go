package replay

// sumTree holds values that are not negative, and finds the one on which a number
// falls if the values are laid end to end: a draw in proportion to them. Each sum is
// always that of its two halves, so that it depends on the values alone and not on
// the order in which they were set.
type sumTree struct {
	n      int       // values
	leaves int       // a power of two, or 0
	sums   []float64 // sums[1] is the sum of all; below sums[k] are sums[2k] and sums[2k+1]; values are at [leaves, 2*leaves)
}

// newSumTree returns a tree of the given values.
func newSumTree(values []float64) sumTree {
	if len(values) == 0 {
		return sumTree{}
	}
	t := sumTree{n: len(values), leaves: 1}
	for t.leaves < t.n {
		t.leaves *= 2
	}
	t.sums = make([]float64, 2*t.leaves)
	copy(t.sums[t.leaves:], values)
	for k := t.leaves - 1; k > 0; k-- {
		t.sums[k] = t.sums[2*k] + t.sums[2*k+1]
	}
	return t
}

// set changes one value.
func (t *sumTree) set(i int, x float64) {
	k := t.leaves + i
	t.sums[k] = x
	for k /= 2; k > 0; k /= 2 {
		t.sums[k] = t.sums[2*k] + t.sums[2*k+1]
	}
}

// value returns the i-th value.
func (t *sumTree) value(i int) float64 { return t.sums[t.leaves+i] }

// total returns the sum of all.
func (t *sumTree) total() float64 {
	if t.leaves == 0 {
		return 0
	}
	return t.sums[1]
}

// find returns the value on which x in [0, total) falls, where each takes up
// its own length of the sum, and what x is beyond its beginning. A value of 0
// is never found. The total must be positive.
func (t *sumTree) find(x float64) (i int, rest float64) {
	k := 1
	for k < t.leaves {
		k *= 2
		// Where rounding has left x behind the last value, that one is taken.
		if x >= t.sums[k] && t.sums[k+1] > 0 {
			x -= t.sums[k]
			k++
		}
	}
	return k - t.leaves, x
}
