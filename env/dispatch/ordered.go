package dispatch

import (
	"math"
	"slices"
)

var _ Rule = (*Ordered)(nil)

// Ordered sends a request to argmin_j (q_ij + 1) / a_j, the first of several:
// servers of less capacity first, which have fewer requests where scores tie,
// and of equal capacity in an order that every second LB reverses, so that two
// LBs do not fall upon one server. Much of
// LSQ's and SED's deficit at low counts is in their ties (DESIGN.md, section
// 6): what fixed orders gain, learning must not be credited with.
type Ordered struct {
	weights []float64
	order   []int32 // the servers, the one that wins ties first
}

// NewOrdered returns the rule of one LB for the given positive weights.
func NewOrdered(weights []float64, lb int) (*Ordered, error) {
	if err := checkWeights(weights); err != nil {
		return nil, err
	}
	r := &Ordered{weights: slices.Clone(weights)}
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
	return r, nil
}

// Pick implements Rule.
func (r *Ordered) Pick(v *View) int {
	best, pick := math.Inf(1), 0
	for _, j := range r.order {
		if score := float64(v.Ongoing[j]+1) / r.weights[j]; score < best {
			best, pick = score, int(j)
		}
	}
	return pick
}
