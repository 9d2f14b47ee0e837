package balancer

import (
	"slices"

	"fairlb/env/dispatch"
)

// This file is what a live data plane needs beyond the simulator: a load balancer whose
// cores each have a Balancer, a replica, and tell each other of every event; a flow that
// its server did not take and that goes to another one; one that ends for reasons that
// are not its server's; and a pool of servers that changes while flows are under way.

// Adopt does what Dispatch does for a flow whose server another replica of this Balancer
// has chosen: this one's rule follows, and the flow counts here as well. So the rule of
// each replica has seen all flows, and those that draw random numbers draw as many.
func (b *Balancer) Adopt(now float64, server int) FlowID {
	b.sample(now)
	b.view.Now, b.view.Class = now, 0
	r, follows := b.rule.(dispatch.Follower)
	asked := b.Available() > 0
	switch {
	case !asked: // the other replica knew of a server that has come in, or is no longer full
	case follows:
		r.Follow(&b.view, server)
	default:
		b.rule.Pick(&b.view)
	}
	return b.begin(now, server, asked)
}

// DispatchExcept is Dispatch for a flow that the servers in tried did not take: it
// chooses among the others that are in and not full, and says whether there is one. If
// there is none, nothing happens.
func (b *Balancer) DispatchExcept(now float64, tried []int) (id FlowID, server int, ok bool) {
	if !b.availableExcept(tried) {
		return 0, 0, false
	}
	for _, j := range tried {
		b.view.SetBarred(j, true)
	}
	b.sample(now)
	b.view.Now, b.view.Class = now, 0
	server = b.rule.Pick(&b.view)
	id = b.begin(now, server, true)
	for _, j := range tried {
		b.view.SetBarred(j, b.isFull(j))
	}
	return id, server, true
}

// Abandon ends a flow now, and returns it, of which nothing can be told about its server:
// its client broke it off, or the balancer itself did. A flow that has ended already is a
// fault of the caller, and panics.
func (b *Balancer) Abandon(now float64, id FlowID) Flow {
	f := b.flows.slots[id]
	if f.Server == vacant {
		panic("balancer: the flow has ended already")
	}
	b.remove(now, id)
	if b.abandoner != nil {
		b.abandoner.Abandoned(int(f.Server))
	}
	return f
}

// availableExcept says whether there is a server that is in, not full, and not in tried.
func (b *Balancer) availableExcept(tried []int) bool {
	n := b.Available()
	for i, j := range tried {
		if !b.view.Out[j] && !b.isFull(j) && !slices.Contains(tried[:i], j) {
			n--
		}
	}
	return n > 0
}

// Inherit takes over from the Balancer of a pool that has changed, right after the Reset
// of this one: from[j] is what server j was there, -1 if it is new. Flows keep their
// FlowIDs, which servers are out stays, the rule takes over what it can
// (dispatch.Heir), and so do the reservoirs if both observe. What servers that stay have
// said last stays if both Balancers are told. A flow on a server that has
// left is gone (Has) and must not be ended. New servers are in. The random streams are
// those of old, which must not be used any more.
func (b *Balancer) Inherit(old *Balancer, from []int) {
	to := make([]int32, len(old.view.Out))
	for k := range to {
		to[k] = vacant
	}
	for j, k := range from {
		if k >= 0 {
			to[k] = int32(j)
			b.SetOut(j, old.view.Out[k])
			if b.view.Told != nil && old.view.Told != nil {
				b.view.Told[j] = old.view.Told[k]
			}
		}
	}
	b.flows.inherit(&old.flows, to)
	b.recount()
	b.choices = old.choices
	b.view.Rand = b.choices.Rand
	if r, ok := b.rule.(dispatch.Heir); ok {
		r.Inherit(old.rule, from)
	}
	if b.observer != nil && old.observer != nil {
		b.samples = old.samples
		b.observer.Inherit(old.observer, from)
	}
	b.view.Invalidate()
}

// Has says whether a flow is under way.
func (b *Balancer) Has(id FlowID) bool {
	return int(id) < len(b.flows.slots) && b.flows.slots[id].Server != vacant
}

// inherit takes over the flows of old on the servers that stay: to has, by old server,
// the new one.
func (t *flowTable) inherit(old *flowTable, to []int32) {
	t.slots = append(t.slots[:0], old.slots...)
	t.free = noSlot
	for k := range t.slots {
		f := &t.slots[k]
		if f.Server != vacant {
			f.Server = to[f.Server]
		}
		switch {
		case f.Server == vacant:
			f.place, t.free = t.free, uint32(k)
		case t.byServer != nil && f.Counted:
			t.list(FlowID(k))
		}
	}
}
