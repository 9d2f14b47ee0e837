package sim

import (
	"cmp"
	"slices"
)

// pool is which servers and LBs take part.
type pool struct {
	failed  []bool // by server: it serves nothing
	drained []bool // by server: it should get nothing more

	shares []float64 // by LB, its part of the traffic
	downLB []bool    // by LB: it has failed
	down   int       // LBs that have failed
	rng    stream    // of who takes the requests of an LB that has failed
}

func newPool(cfg *Config) pool {
	n := len(cfg.Servers)
	p := pool{failed: make([]bool, n), drained: make([]bool, n), shares: cfg.Shares, downLB: make([]bool, cfg.LBs)}
	for len(p.shares) < cfg.LBs {
		p.shares = append(p.shares, 1)
	}
	return p
}

func (p *pool) reset(seed uint64) {
	clear(p.failed)
	clear(p.drained)
	clear(p.downLB)
	p.down = 0
	p.rng = newStream(seed, "sim/redirect")
}

// instead returns the LB that takes a request meant for the given one: itself,
// or one of those that are left, drawn by their shares of the traffic; -1 if
// none is left.
func (p *pool) instead(lb int) int {
	if !p.downLB[lb] {
		return lb
	}
	total, last := 0.0, -1
	for i, share := range p.shares {
		if !p.downLB[i] {
			total, last = total+share, i
		}
	}
	if last < 0 {
		return -1
	}
	u := p.rng.Float64() * total
	for i, share := range p.shares {
		if !p.downLB[i] {
			if u < share {
				return i
			}
			u -= share
		}
	}
	return last
}

// apply makes one change.
func (e *engine) apply(x Change) {
	switch x.Kind {
	case SetSpeed, SetCPUs, SetBackground:
		e.adjust(2*x.Index, x.Kind, x.Value)
	case Drain:
		e.pool.drained[x.Index] = true
		e.setOut(x.Index, true)
	case Fail:
		e.fail(x.Index)
	case notice:
		e.setOut(x.Index, true)
	case Return:
		e.pool.failed[x.Index], e.pool.drained[x.Index] = false, false
		e.setOut(x.Index, false)
	case FailLB:
		e.failLB(x.Index)
	case ReturnLB:
		e.returnLB(x.Index)
	}
}

// adjust changes a CPU station from now on.
func (e *engine) adjust(station int, kind ChangeKind, value float64) {
	s := &e.stations[station]
	s.advance(e.now)
	switch kind {
	case SetSpeed:
		s.speed = value
	case SetCPUs:
		s.procs = value
		if e.cfg.CPU == FIFO {
			s.limit = int(value)
		}
	default:
		s.extra = value
	}
	s.setRate()
	for s.queue.n > 0 && !s.full() {
		e.serveNext(s)
	}
	e.schedule(station)
}

// setOut lets the LBs know whether a server takes part.
func (e *engine) setOut(server int, out bool) {
	for _, b := range e.balancers {
		b.SetOut(server, out)
	}
}

// fail stops a server: what it holds fails.
func (e *engine) fail(server int) {
	if e.pool.failed[server] {
		return
	}
	e.pool.failed[server] = true
	var lost []uint32
	for k := range 2 {
		s := &e.stations[2*server+k]
		s.advance(e.now)
		for _, x := range s.busy.list {
			lost = append(lost, x.id)
		}
		for s.queue.n > 0 {
			lost = append(lost, s.queue.pop())
		}
		s.empty()
		e.schedule(2*server + k)
	}
	e.held[server] = 0
	e.reports.lose(server)
	for _, p := range e.packets.list { // what is on its way there is refused when it comes
		if x := &e.requests[p.id]; int(x.server) == server {
			e.held[server]++
			for k, resource := range e.stages[x.class] {
				e.stations[2*server+int(resource)].work += e.demands[int(p.id)*e.stride+k]
			}
		}
	}
	slices.SortFunc(lost, func(a, b uint32) int { return cmp.Compare(e.requests[a].arrival, e.requests[b].arrival) })
	e.heldLog.note(server)
	for _, id := range lost {
		if e.requests[id].state == running {
			e.requests[id].state = failed
		}
		e.reply(id)
	}
}

// failLB stops an LB: its flows end as failed, its servers go on with them.
func (e *engine) failLB(lb int) {
	if e.pool.downLB[lb] {
		return
	}
	e.pool.downLB[lb] = true
	e.pool.down++
	for id := range e.requests {
		x := &e.requests[id]
		if int(x.lb) != lb || x.state != running && x.state != failed {
			continue
		}
		x.state = orphan
		e.lose(x.arrival, x.class, lb, int(x.server))
	}
	e.balancers[lb].Forget()
}

// returnLB lets an LB take part again.
func (e *engine) returnLB(lb int) {
	if e.pool.downLB[lb] {
		e.pool.downLB[lb] = false
		e.pool.down--
	}
}
