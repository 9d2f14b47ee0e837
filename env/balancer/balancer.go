package balancer

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"fairlb/env/dispatch"
	"fairlb/env/observe"
)

// ErrNoWeights reports weights for a rule that has none.
var ErrNoWeights = errors.New("balancer: the dispatch rule takes no weights")

// Config describes a Balancer.
type Config struct {
	Servers int           // their number, N; at least 1
	Rule    dispatch.Rule // chooses a server for each flow; the Balancer owns it

	// Observe says whether the Balancer keeps what Observe reads. Without it
	// a flow costs less.
	Observe bool

	// CountEstablished says that a flow counts as ongoing only from the moment
	// on at which Established is called for it, not from its Dispatch on.
	CountEstablished bool
	// Limits has the number of ongoing flows at which a server is full and gets no
	// more, 0 for a server without a limit; nil: none has one.
	Limits []int32

	// Told says that servers tell how many requests they have (EndTold, Hear).
	Told bool

	// Classes is the number of classes of flows that the Balancer tells apart
	// (DispatchClass), at most 256; 0: none.
	Classes int

	// Samples, where Observe is set, is told of each sample as it is taken; nil: nobody is.
	Samples observe.Recorder

	// Reports answers what the rule asks the servers; nil: the rule reads
	// what was last passed to Report, and nothing before the first of them.
	Reports dispatch.Reports
	// Global answers what only a simulator knows; nil: nobody does.
	Global dispatch.GlobalState
}

// Balancer is one load balancer.
type Balancer struct {
	rule      dispatch.Rule
	completer dispatch.Completer // the rule, if it learns from flows that end; else nil
	abandoner dispatch.Abandoner // the rule, if it must know of flows that are given up; else nil
	view      dispatch.View
	outs      int     // servers that are out
	limits    []int32 // Config.Limits
	full      int     // servers that are in and full

	flows       flowTable
	established bool // Config.CountEstablished
	reports     reportTable
	asks        bool // Config.Reports answers the rule, not the table

	observer *observe.Observer // nil where nothing is observed
	choices  stream            // that the rule draws from
	samples  stream            // that the observer draws from
}

// stream is a random stream whose state can be saved.
type stream struct {
	*rand.Rand
	pcg *rand.PCG
}

// New returns the Balancer that cfg describes. Reset gives it its random
// streams and must be called before anything else.
func New(cfg Config) *Balancer {
	b := &Balancer{
		rule:  cfg.Rule,
		view:  dispatch.NewView(cfg.Servers),
		flows: newFlowTable(cfg.Servers, cfg.Observe),

		established: cfg.CountEstablished,
		limits:      cfg.Limits,
		reports:     newReportTable(cfg.Servers),
		asks:        cfg.Reports != nil,
	}
	b.completer, _ = cfg.Rule.(dispatch.Completer)
	b.abandoner, _ = cfg.Rule.(dispatch.Abandoner)
	b.view.Reports, b.view.Global = cfg.Reports, cfg.Global
	if cfg.Told {
		b.view.KeepTold()
	}
	if cfg.Classes > 0 {
		b.view.KeepClasses(cfg.Classes)
	}
	if cfg.Observe {
		b.observer = observe.New(cfg.Servers)
		b.observer.Record(cfg.Samples)
	}
	return b
}

// Reset begins anew: no flow is under way, every server is in, and the rule and
// the reservoirs have seen nothing. The rule's weights stay. The rule draws from
// choices and the reservoirs from samples, which may be nil where nothing is
// observed.
func (b *Balancer) Reset(choices, samples *rand.PCG) {
	b.choices = stream{rand.New(choices), choices}
	b.view.Rand = b.choices.Rand
	if b.observer != nil {
		b.samples = stream{rand.New(samples), samples}
		b.observer.Reset(b.samples.Rand)
	}
	clear(b.view.Out)
	b.outs = 0
	b.forget()
}

// Forget drops everything that the Balancer has seen by now, as if it had crashed
// and come back: its flows, which must not be ended after this, its rule's memory,
// its reservoirs and the servers' reports. It keeps which servers are out, since
// that is not learned from flows, and its random streams go on.
func (b *Balancer) Forget(now float64) {
	b.sample(now)
	b.forget()
}

// forget drops everything that the Balancer has seen.
func (b *Balancer) forget() {
	clear(b.view.Ongoing)
	clear(b.view.Started)
	clear(b.view.ByClass)
	b.view.ForgetTold()
	b.recountFull()
	b.view.Invalidate()
	if r, ok := b.rule.(dispatch.Resetter); ok {
		r.Reset()
	}
	b.flows.reset()
	b.reports.reset()
	if !b.asks {
		b.view.Reports = nil
	}
	if b.observer != nil {
		b.observer.Forget()
	}
}

// Dispatch chooses a server for a flow that arrives now and counts the flow as
// ongoing there, unless Config.CountEstablished is set. At least one server must be
// in and not full (Available).
func (b *Balancer) Dispatch(now float64) (id FlowID, server int) { return b.DispatchClass(now, 0) }

// DispatchClass is Dispatch for a flow of a class, which must be below Config.Classes
// unless it is 0.
func (b *Balancer) DispatchClass(now float64, class uint8) (id FlowID, server int) {
	b.sample(now)
	b.view.Now, b.view.Class = now, class
	server = b.rule.Pick(&b.view)
	return b.begin(now, server, true), server
}

// begin notes that a flow is sent to a server. Whether the rule has just picked or
// followed, and so knows of all that changed before, says asked.
func (b *Balancer) begin(now float64, server int, asked bool) FlowID {
	id := b.flows.begin(Flow{Start: now, Server: int32(server), Ongoing: b.view.Ongoing[server], Counted: !b.established, Class: b.view.Class})
	switch {
	case b.established && asked:
		b.view.Picked()
	case b.established:
	case asked:
		b.view.Sent(server)
		b.updateFull(server)
	default:
		b.view.Counted(server, now)
		b.updateFull(server)
	}
	return id
}

// Established counts a flow as ongoing from now on, because its connection has been
// established. It is called at most once for a flow, and only where
// Config.CountEstablished is set; else, and for a flow that has ended, it panics.
func (b *Balancer) Established(now float64, id FlowID) {
	f := &b.flows.slots[id]
	if f.Server == vacant || f.Counted {
		panic("balancer: the flow has ended or counts already")
	}
	b.sample(now)
	b.flows.count(id)
	b.view.Class = f.Class
	b.view.Counted(int(f.Server), f.Start)
	b.updateFull(int(f.Server))
}

// End ends a flow now, and returns it: it completed, or it failed, because its
// server refused it or went away. The rule learns of both; a failure leaves no
// completion time behind. A flow that has ended already is a fault of the
// caller, and panics.
func (b *Balancer) End(now float64, id FlowID, failed bool) Flow {
	return b.end(now, id, failed, noCount, 0)
}

// EndTold ends a flow that completed, as End does, whose response says that the server
// had a number of requests, of all balancers, when it answered at a time (s), without the
// one that it answered. Config.Told must be set.
func (b *Balancer) EndTold(now float64, id FlowID, requests int32, said float64) Flow {
	return b.end(now, id, false, requests, said)
}

// Hear takes a message in which a server says that it had a number of requests, of all
// balancers, at a time (s). Config.Told must be set.
func (b *Balancer) Hear(server int, requests int32, said float64) {
	b.view.Hear(server, requests, said)
}

// noCount stands for the number of requests of a server that does not say it.
const noCount = -1

// end ends a flow. The server says that it had so many requests at a time (s), or
// nothing (noCount).
func (b *Balancer) end(now float64, id FlowID, failed bool, requests int32, said float64) Flow {
	f := b.flows.slots[id]
	if f.Server == vacant {
		panic("balancer: the flow has ended already")
	}
	server := int(f.Server)
	ongoing := b.remove(now, id)
	if requests != noCount {
		b.view.Hear(server, requests, said)
	}
	if b.completer != nil {
		b.completer.Completed(dispatch.Completion{Server: server, Now: now, Duration: now - f.Start, Ongoing: ongoing, Failed: failed, Total: requests + 1, Class: f.Class})
	}
	if b.observer != nil && !failed {
		b.observer.Completed(server, now, now-f.Start)
	}
	return f
}

// remove takes a flow out, and returns how many were ongoing on its server, itself included.
func (b *Balancer) remove(now float64, id FlowID) int32 {
	f := b.flows.slots[id]
	b.sample(now)
	b.flows.end(id)
	server := int(f.Server)
	ongoing := b.view.Ongoing[server]
	if !f.Counted {
		b.view.EndedUncounted(server)
		return ongoing + 1
	}
	b.view.Class = f.Class
	b.view.Ended(server, f.Start)
	b.updateFull(server)
	return ongoing
}

// SetOut says whether a server is out, that is, gets no new flows: it is being
// drained, or was found to have failed. Its ongoing flows go on until they end.
func (b *Balancer) SetOut(server int, out bool) {
	if b.view.Out[server] == out {
		return
	}
	if b.isFull(server) {
		if out {
			b.full--
		} else {
			b.full++
		}
	}
	b.view.SetOut(server, out)
	if out {
		b.outs++
	} else {
		b.outs--
	}
}

// Out says whether a server is out.
func (b *Balancer) Out(server int) bool { return b.view.Out[server] }

// Available returns the number of servers that are in and not full.
func (b *Balancer) Available() int { return len(b.view.Out) - b.outs - b.full }

// In returns the number of servers that are in, full or not.
func (b *Balancer) In() int { return len(b.view.Out) - b.outs }

// Ongoing returns the number of ongoing flows on each server. It holds until the
// next call and must not be changed.
func (b *Balancer) Ongoing() []int32 { return b.view.Ongoing }

// SetWeights gives the rule an agent's weights, one a server, for the flows to
// come; those that are under way stay where they are. On an error the weights
// before stay.
func (b *Balancer) SetWeights(weights []float64) error {
	r, ok := b.rule.(interface{ SetWeights(weights []float64) error })
	if !ok {
		return fmt.Errorf("%w (%T)", ErrNoWeights, b.rule)
	}
	return r.SetWeights(weights)
}

// Report takes what a server says of itself. It has no effect where
// Config.Reports answers the rule.
func (b *Balancer) Report(server int, r Report) {
	if b.asks {
		return
	}
	b.reports.last[server] = r
	b.view.Reports = &b.reports
}

// Observe fills obs, a row of observe.Features for each server, and load, the
// estimate l_ij of each server's load (s). It panics where Config.Observe is not
// set.
func (b *Balancer) Observe(now float64, obs []float32, load []float64) {
	if b.observer == nil {
		panic("balancer: nothing is observed")
	}
	b.sample(now)
	b.observer.Write(obs, load, b.view.Ongoing)
}

// Sample samples up to now for how long flows have been ongoing, which every other call
// does that is given the time: who has samples told (Config.Samples) calls it while no
// flow begins or ends. It panics where Config.Observe is not set.
func (b *Balancer) Sample(now float64) {
	if b.observer == nil {
		panic("balancer: nothing is observed")
	}
	b.sample(now)
}

// sample samples, where flows are observed, for how long they have been ongoing at
// the moments up to now. The flows must still be those of these moments.
func (b *Balancer) sample(now float64) {
	if b.observer != nil {
		b.observer.Sample(now, &b.flows)
	}
}
