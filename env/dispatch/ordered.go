package dispatch

import (
	"math"
	"slices"
)

var _ Rule = (*Ordered)(nil)

// Ordered sends a request to argmin_j (q_ij + 1) / a_j over the servers that
// are in, the first of several:
// servers of less capacity first, which have fewer requests where scores tie,
// and of equal capacity in an order that every second LB reverses, so that two
// LBs do not fall upon one server. Much of
// LSQ's and SED's deficit at low counts is in their ties (DESIGN.md, section
// 6): what fixed orders gain, learning must not be credited with.
type Ordered struct {
	weights []float64
	order   []int32 // the servers, the one that wins ties first
	place   []int32 // by server, where it stands in order
	scores  bracket // by place
	seen    bool    // the scores have been filled
}

// NewOrdered returns the rule of one LB for the given positive weights.
func NewOrdered(weights []float64, lb int) (*Ordered, error) {
	if err := checkWeights(weights); err != nil {
		return nil, err
	}
	n := len(weights)
	r := &Ordered{weights: slices.Clone(weights), place: make([]int32, n), scores: newBracket(n)}
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
		r.place[j] = int32(k)
	}
	return r, nil
}

// Pick implements Rule: O(log servers) for each count that changed.
func (r *Ordered) Pick(v *View) int {
	if v.changed == nil || !r.seen {
		r.seen = true
		r.scores.fill(func(k int) float64 { return r.score(v, r.order[k]) }, len(r.order))
	} else {
		for _, j := range v.changed {
			r.scores.set(int(r.place[j]), r.score(v, j))
		}
	}
	return int(r.order[r.scores.first()])
}

func (r *Ordered) score(v *View, server int32) float64 {
	if v.out(int(server)) {
		return math.Inf(1)
	}
	return delay(v.Ongoing[server], r.weights[server])
}
