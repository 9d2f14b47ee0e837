package dispatch

import (
	"math"
	"slices"
)

var _ Rule = (*Ordered)(nil)

// Ordered sends a request to argmin_j (q_ij + 1) / a_j over the servers that are
// in. Of several minimisers it takes the first in an order of its own: servers of
// less capacity come first, because they have fewer requests where scores tie,
// and servers of equal capacity are in an order that every second LB reverses, so
// that two LBs do not send to the same server. Much of what LSQ and SED lose at
// low counts they lose by breaking ties at random; what an order gains must not
// be credited to learning.
type Ordered struct {
	weights []float64
	order   []int32   // the servers; of several minimisers the first here is taken
	placeOf []int32   // by server, its place in order
	scores  scoreTree // by place in order
	filled  bool      // every score has been computed
}

// NewOrdered returns the rule of one LB for the given positive weights.
func NewOrdered(weights []float64, lb int) (*Ordered, error) {
	if err := checkWeights(weights); err != nil {
		return nil, err
	}
	n := len(weights)
	r := &Ordered{weights: slices.Clone(weights), placeOf: make([]int32, n), scores: newScoreTree(n)}
	for j := range weights {
		r.order = append(r.order, int32(j))
	}
	if lb%2 == 1 {
		slices.Reverse(r.order)
	}
	slices.SortStableFunc(r.order, func(a, b int32) int {
		switch {
		case weights[a] < weights[b]:
			return -1
		case weights[a] > weights[b]:
			return 1
		}
		return 0
	})
	for k, j := range r.order {
		r.placeOf[j] = int32(k)
	}
	return r, nil
}

// Pick implements Rule: O(log servers) for each count that changed.
func (r *Ordered) Pick(v *View) int {
	if v.changed == nil || !r.filled {
		r.filled = true
		r.scores.fill(func(k int) float64 { return r.score(v, r.order[k]) }, len(r.order))
	} else {
		for _, j := range v.changed {
			r.scores.set(int(r.placeOf[j]), r.score(v, j))
		}
	}
	return int(r.order[r.scores.first()])
}

func (r *Ordered) score(v *View, server int32) float64 {
	if v.out(int(server)) {
		return math.Inf(1)
	}
	return expectedDelay(v.Ongoing[server], r.weights[server])
}
