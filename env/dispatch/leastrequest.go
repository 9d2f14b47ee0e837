package dispatch

import (
	"slices"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*LeastRequest)(nil)
	_ Resetter        = (*LeastRequest)(nil)
	_ snapshot.Stater = (*LeastRequest)(nil)
)

// LeastRequest is Envoy's weighted least request as it works with unequal
// weights (Envoy documentation, "Supported load balancers", section "Weighted
// least request", and least_request.proto): a weighted round robin by earliest
// deadline in which a server that has its turn is put back with the weight
//
//	capacity / (own ongoing requests + 1)^active_request_bias
//
// with a bias of 1, Envoy's default. The weight counts the requests before the
// present one and stays until the server's next turn. A pick costs O(log
// servers).
//
// Differences: Envoy draws two servers and takes the lesser where all weights
// are equal (here "p2c" does), and it starts at a random turn, where this rule
// starts each server at a random moment of its interval.
type LeastRequest struct {
	capacity []float64 // over the largest
	turns    schedule
	started  bool
}

// NewLeastRequest returns the rule for the given positive capacities.
func NewLeastRequest(capacity []float64) (*LeastRequest, error) {
	if err := checkWeights(capacity); err != nil {
		return nil, err
	}
	r := &LeastRequest{capacity: slices.Clone(capacity), turns: newSchedule(len(capacity))}
	largest := slices.Max(capacity)
	for j := range r.capacity {
		r.capacity[j] /= largest
	}
	return r, nil
}

// Reset implements Resetter.
func (r *LeastRequest) Reset() {
	r.started = false
	r.turns.reset()
}

// Pick implements Rule.
func (r *LeastRequest) Pick(v *View) int {
	switch {
	case !r.started:
		for j := range r.capacity {
			if !v.out(j) {
				r.turns.start(j, r.interval(v, j), v.Rand)
			}
		}
		r.started = true
	case v.changed == nil:
		for j := range r.capacity {
			r.follow(v, j)
		}
	default:
		for _, j := range v.changed {
			r.follow(v, int(j))
		}
	}
	server := r.turns.turn()
	r.turns.put(server, r.interval(v, server))
	return server
}

// follow lets a server in or out.
func (r *LeastRequest) follow(v *View, server int) {
	switch out := v.out(server); {
	case out && r.turns.has(server):
		r.turns.drop(server)
	case !out && !r.turns.has(server):
		r.turns.put(server, r.interval(v, server))
	}
}

// interval returns one over the weight.
func (r *LeastRequest) interval(v *View, server int) float64 {
	return delay(v.Ongoing[server], r.capacity[server])
}

// State implements snapshot.Stater.
func (r *LeastRequest) State(c *snapshot.Codec) {
	c.Bool(&r.started)
	r.turns.state(c)
}
