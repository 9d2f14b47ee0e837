package dispatch

import (
	"slices"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*LeastRequest)(nil)
	_ Resetter        = (*LeastRequest)(nil)
	_ Follower        = (*LeastRequest)(nil)
	_ snapshot.Stater = (*LeastRequest)(nil)
)

// LeastRequest is Envoy's weighted least request as it works with unequal
// weights (Envoy documentation, "Supported load balancers", section "Weighted
// least request", and least_request.proto): a weighted round robin by earliest
// deadline in which a server that has had its turn gets its next one by the weight
//
//	capacity / (own ongoing requests + 1)^active_request_bias
//
// with a bias of 1, Envoy's default. The weight counts the requests before the
// present one and stays until the server's next turn. A pick costs O(log
// servers).
//
// There are two differences. Where all weights are equal Envoy draws two servers
// and takes the one with fewer requests, which here is the rule p2c. And Envoy
// starts at a random turn, whereas this rule starts each server at a random
// moment of its interval.
type LeastRequest struct {
	capacity []float64 // relative to the largest
	schedule schedule
	started  bool // the servers have had their first turns set
}

// NewLeastRequest returns the rule for the given positive capacities.
func NewLeastRequest(capacity []float64) (*LeastRequest, error) {
	if err := checkWeights(capacity); err != nil {
		return nil, err
	}
	return &LeastRequest{capacity: relative(capacity), schedule: newSchedule(len(capacity))}, nil
}

// relative returns capacities relative to the largest.
func relative(capacity []float64) []float64 {
	list, largest := slices.Clone(capacity), slices.Max(capacity)
	for j := range list {
		list[j] /= largest
	}
	return list
}

// Reset implements Resetter.
func (r *LeastRequest) Reset() {
	r.started = false
	r.schedule.reset()
}

// Pick implements Rule.
func (r *LeastRequest) Pick(v *View) int {
	r.update(v)
	server := r.schedule.next()
	r.schedule.put(server, r.interval(v, server))
	return server
}

// Follow implements Follower.
func (r *LeastRequest) Follow(v *View, server int) {
	r.update(v)
	if r.schedule.take(server) {
		r.schedule.postpone(server, r.interval(v, server))
	}
}

// update gives servers their turns as they come in and takes them as they go out.
func (r *LeastRequest) update(v *View) {
	switch {
	case !r.started:
		for j := range r.capacity {
			if !v.out(j) {
				r.schedule.start(j, r.interval(v, j), v.Rand)
			}
		}
		r.started = true
	case v.changed == nil:
		for j := range r.capacity {
			r.updateMember(v, j)
		}
	default:
		for _, j := range v.changed {
			r.updateMember(v, int(j))
		}
	}
}

// updateMember gives turns to a server that came in and takes them from one that
// went out.
func (r *LeastRequest) updateMember(v *View, server int) {
	switch out := v.out(server); {
	case out && r.schedule.scheduled(server):
		r.schedule.remove(server)
	case !out && !r.schedule.scheduled(server):
		r.schedule.put(server, r.interval(v, server))
	}
}

// interval returns one over the weight of a server.
func (r *LeastRequest) interval(v *View, server int) float64 {
	return expectedDelay(v.Ongoing[server], r.capacity[server])
}

// State implements snapshot.Stater.
func (r *LeastRequest) State(c *snapshot.Codec) {
	c.Bool(&r.started)
	r.schedule.state(c)
}
