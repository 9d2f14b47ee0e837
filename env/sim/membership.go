package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"fairlb/env"
	"fairlb/env/station"
)

// membership says which servers and LBs take part. What LBs know of it is in
// their balancers.
type membership struct {
	failed    []bool // by server: it has failed, and serves nothing
	drained   []bool // by server: it is being drained, and gets nothing more
	failsFast []bool // by server: it answers what it gets with a failure at once

	shares    []float64  // by LB, its part of the traffic
	failedLB  []bool     // by LB: it has failed
	failedLBs int        // the number of LBs that have failed
	rng       *rand.Rand // draws who takes the requests of an LB that has failed
}

func newMembership(cfg *Config) membership {
	n := len(cfg.Servers)
	p := membership{failed: make([]bool, n), drained: make([]bool, n), failsFast: make([]bool, n), shares: cfg.Shares, failedLB: make([]bool, cfg.LBs)}
	for len(p.shares) < cfg.LBs {
		p.shares = append(p.shares, 1)
	}
	return p
}

func (p *membership) reset(seed uint64) {
	clear(p.failed)
	clear(p.drained)
	clear(p.failsFast)
	clear(p.failedLB)
	p.failedLBs = 0
	p.rng = rand.New(env.Stream(seed, "sim/redirect"))
}

// redirect returns the LB that takes a request meant for the given one: that LB
// itself or, if it has failed, one of those that are left, drawn by their shares
// of the traffic; -1 if none is left.
func (p *membership) redirect(lb int) int {
	if !p.failedLB[lb] {
		return lb
	}
	total, last := 0.0, -1
	for i, share := range p.shares {
		if !p.failedLB[i] {
			total, last = total+share, i
		}
	}
	if last < 0 {
		return -1
	}
	u := p.rng.Float64() * total
	for i, share := range p.shares {
		if !p.failedLB[i] {
			if u < share {
				return i
			}
			u -= share
		}
	}
	return last
}

// applyChange makes one change.
func (e *engine) applyChange(x station.Change) {
	switch x.Kind {
	case station.SetSpeed, station.SetCPUs, station.SetBackground:
		e.servers.Adjust(e.now, x)
	case station.Drain:
		e.members.drained[x.Index] = true
		e.announceOut(x.Index, true)
	case station.Fail:
		e.failServer(x.Index)
	case station.Detect:
		e.announceOut(x.Index, true)
	case station.FailFast:
		e.members.failsFast[x.Index] = true
	case station.Return:
		e.members.failed[x.Index], e.members.drained[x.Index], e.members.failsFast[x.Index] = false, false, false
		e.announceOut(x.Index, false)
	case station.FailLB:
		e.failLB(x.Index)
	case station.ReturnLB:
		e.returnLB(x.Index)
	}
}

// announceOut lets all LBs know whether a server is out.
func (e *engine) announceOut(server int, out bool) {
	for _, b := range e.balancers {
		b.SetOut(server, out)
	}
}

// failServer stops a server: the requests that it has fail, in the order in which
// they arrived.
func (e *engine) failServer(server int) {
	if e.members.failed[server] {
		return
	}
	e.members.failed[server] = true
	lost := e.servers.Fail(e.now, server, nil)
	// What is still on its way there is refused when it arrives.
	e.outstanding[server] = 0
	e.reports.serverFailed(server)
	for _, p := range e.toServers.Entries() {
		if x := &e.requests[p.ID]; int(x.server) == server && !e.retrying(p.ID) {
			e.outstanding[server]++
			e.servers.AddWork(p.ID, 1)
		}
	}
	slices.SortFunc(lost, e.compareArrivals)
	e.outstandingLog.add(server)
	for _, id := range lost {
		e.fail(id)
	}
}

// compareArrivals orders requests in flight, by their ids, as they arrived.
func (e *engine) compareArrivals(a, b uint32) int {
	x, y := &e.requests[a], &e.requests[b]
	return cmp.Or(cmp.Compare(x.arrival, y.arrival), cmp.Compare(int32(x.number-y.number), 0))
}

// failLB stops an LB: its flows end as failed, in the order of their ids, while the
// servers still do their work.
func (e *engine) failLB(lb int) {
	if e.members.failedLB[lb] {
		return
	}
	e.members.failedLB[lb] = true
	e.members.failedLBs++
	for id := range e.requests {
		x := &e.requests[id]
		if int(x.lb) != lb || x.state == vacant || x.state == orphan {
			continue
		}
		if x.state != unseen {
			e.recordLoss(x.arrival, x.class, lb, int(x.server))
		}
		x.state = orphan
	}
	e.balancers[lb].Forget(e.now)
}

// returnLB lets an LB take requests again.
func (e *engine) returnLB(lb int) {
	if e.members.failedLB[lb] {
		e.members.failedLB[lb] = false
		e.members.failedLBs--
	}
}
