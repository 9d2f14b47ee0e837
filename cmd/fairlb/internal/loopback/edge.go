package loopback

import (
	"fmt"

	"fairlb/env/testbed/edge"
	"fairlb/env/testbed/plane"
)

// ECMP names an edge before the load balancers: one address, from which the kernel sends
// each connection to one of them by a hash of its addresses and ports. Without an edge each
// client knows the load balancer that the scenario draws for it.
const ECMP = "ecmp"

// CheckEdge says whether an edge can be had before so many load balancers under a
// heuristic.
func CheckEdge(kind, heuristic string, lbs int) error {
	switch {
	case kind != ECMP:
		return nil
	case isExternal(heuristic):
		return fmt.Errorf("%w: target %q: behind --edge %s are load balancers of fairlb", ErrNotLive, heuristic, kind)
	}
	if err := edge.Check(lbs); err != nil {
		return fmt.Errorf("%w: --edge %s: %w", ErrNotLive, kind, err)
	}
	return nil
}

// listen is where the i-th load balancer listens.
func (e *Env) listen(i int) plane.Listen {
	if e.edge == nil {
		return plane.Listen{Address: "127.0.0.1:0"}
	}
	return plane.Listen{Address: e.edge.Address().String(), Namespace: e.edge.Balancer(i)}
}

// clients is the network namespace that clients connect from; none: this one.
func (e *Env) clients() string {
	if e.edge == nil {
		return ""
	}
	return e.edge.Clients()
}
