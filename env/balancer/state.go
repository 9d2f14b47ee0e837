package balancer

import (
	"math"

	"fairlb/env/dispatch"
	"fairlb/env/snapshot"
)

var _ snapshot.Stater = (*Balancer)(nil)

// State implements snapshot.Stater: everything that a Balancer has seen, its
// flows included, so that one restored into a Balancer of the same Config, after
// its Reset, goes on as the saved one would have. A rule that is no Stater must
// follow from its View alone, as those of package dispatch do.
func (b *Balancer) State(c *snapshot.Codec) {
	snapshot.Fixed(c, b.view.Out, c.Bool)
	c.PCG(b.choices.pcg)
	b.flows.state(c, len(b.view.Out), b.established)
	if b.view.Classes > 0 {
		b.flows.classState(c, b.view.Classes)
	}
	reported := b.view.Reports != nil
	c.Bool(&reported)
	snapshot.Fixed(c, b.reports.last, func(r *Report) { r.state(c) })
	if b.view.Told != nil {
		b.view.ToldState(c)
	}
	if b.observer != nil {
		c.PCG(b.samples.pcg)
		b.observer.State(c)
	}
	if s, ok := b.rule.(snapshot.Stater); ok {
		s.State(c)
	}
	if c.Reading() {
		b.restored(reported)
	}
}

// restored brings up to date what follows from the state that was read.
func (b *Balancer) restored(reported bool) {
	b.outs = 0
	for _, out := range b.view.Out {
		if out {
			b.outs++
		}
	}
	b.recount()
	if !b.asks {
		b.view.Reports = nil
		if reported {
			b.view.Reports = &b.reports
		}
	}
	b.view.Invalidate()
}

// recount counts the ongoing flows anew, and adds up when they arrived.
func (b *Balancer) recount() {
	clear(b.view.Ongoing)
	clear(b.view.Started)
	clear(b.view.ByClass)
	for _, f := range b.flows.slots {
		if f.Server != vacant && f.Counted {
			b.view.Ongoing[f.Server]++
			b.view.Started[f.Server] += dispatch.Nanoseconds(f.Start)
			if b.view.ByClass != nil {
				b.view.OfClasses(int(f.Server))[f.Class]++
			}
		}
	}
	b.recountFull()
}

// state walks over the flows and makes sure that the lists agree with them. Flows
// that do not count are a fault unless they may begin so.
func (t *flowTable) state(c *snapshot.Codec, servers int, uncounted bool) {
	snapshot.Slice(c, &t.slots, func(f *Flow) {
		c.Float64(&f.Start)
		snapshot.Int(c, &f.Server)
		snapshot.Int(c, &f.Ongoing)
		snapshot.Int(c, &f.place)
		c.Bool(&f.Counted)
		if f.Server < vacant || int(f.Server) >= servers {
			c.Fail("a flow on server %d of %d", f.Server, servers)
		}
		if f.Server != vacant && !(f.Start >= 0 && f.Start <= math.MaxFloat64) {
			c.Fail("a flow from %g s on", f.Start)
		}
		if f.Server != vacant && !f.Counted && !uncounted {
			c.Fail("a flow that does not count")
		}
	})
	snapshot.Int(c, &t.free)
	if !c.Reading() {
		return
	}
	if c.Err() == nil {
		t.relist(c)
	}
	if c.Err() != nil {
		t.reset()
	}
}

// classState walks over the classes of the flows.
func (t *flowTable) classState(c *snapshot.Codec, classes int) {
	snapshot.Fixed(c, t.slots, func(f *Flow) {
		snapshot.Int(c, &f.Class)
		if int(f.Class) >= classes {
			c.Fail("a flow of class %d of %d", f.Class, classes)
		}
	})
	if c.Reading() && c.Err() != nil {
		t.reset()
	}
}

// relist checks the vacant slots and makes the lists by server from the places
// that the flows have there.
func (t *flowTable) relist(c *snapshot.Codec) {
	counts := make(map[int32]int) // of vacant slots, and of the flows that count by server
	for _, f := range t.slots {
		if f.Server == vacant || f.Counted {
			counts[f.Server]++
		}
	}
	found := 0
	for id := t.free; id != noSlot; id = t.slots[id].place {
		if int(id) >= len(t.slots) || t.slots[id].Server != vacant || found == counts[vacant] {
			c.Fail("slot %d is not vacant", id)
			return
		}
		found++
	}
	if found < counts[vacant] {
		c.Fail("%d vacant slots of %d", found, counts[vacant])
		return
	}
	if t.byServer == nil {
		return
	}
	type position struct {
		server int32
		place  uint32
	}
	taken := make(map[position]bool, len(t.slots))
	for j := range t.byServer {
		t.byServer[j] = make([]FlowID, counts[int32(j)])
	}
	for id, f := range t.slots {
		if f.Server == vacant || !f.Counted {
			continue
		}
		if int(f.place) >= counts[f.Server] || taken[position{f.Server, f.place}] {
			c.Fail("two flows at place %d of server %d", f.place, f.Server)
			return
		}
		taken[position{f.Server, f.place}] = true
		t.byServer[f.Server][f.place] = FlowID(id)
	}
}

func (r *Report) state(c *snapshot.Codec) {
	snapshot.Int(c, &r.InFlight)
	c.Float64(&r.Latency)
	snapshot.Int(c, &r.Completed)
	c.Float64(&r.Busy)
}
