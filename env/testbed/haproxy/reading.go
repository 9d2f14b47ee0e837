package haproxy

import (
	"context"
	"fmt"
	"math"

	"fairlb/env/testbed"
)

// refresh reads counts, states and weights from HAProxy and takes them.
func (p *Plane) refresh(ctx context.Context) error {
	p.exchange.Lock()
	defer p.exchange.Unlock()
	now := p.now() // what ends after this belongs to the next window
	info, states, stats, err := p.ask(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		err = p.checkBalance(stats.algorithm)
	}
	if err == nil && len(states) == 0 {
		err = fmt.Errorf("%w: backend %s has no server", ErrBackend, p.cfg.Backend)
	}
	p.failure = err
	if err != nil {
		p.status.ReadingsFailed++
		return err
	}
	p.status.Readings++
	restarted := p.sequence > 0 && info.restarted(p.info)
	if restarted {
		p.status.Restarts++
		p.log.WithField("pid", info.pid).Info("HAProxy has been started anew")
	}
	if p.sequence == 0 || restarted {
		p.epoch = info.pid<<32 ^ info.started ^ p.status.Restarts<<56
	}
	p.info = info
	p.take(now, restarted, states, &stats)
	p.sequence++
	p.read = now
	return nil
}

// ask asks HAProxy for everything that a reading needs.
func (p *Plane) ask(ctx context.Context) (info processInfo, states []serverState, stats backendStatistics, err error) {
	backend := p.cfg.Backend
	text, err := p.client.do(ctx, "show info", "show servers state "+backend, "show stat "+backend+" 6 -1")
	if err != nil {
		return info, nil, stats, err
	}
	replies := sections(text)
	if len(replies) != 3 {
		return info, nil, stats, refusal("show info;show servers state;show stat", text)
	}
	if info, err = parseInfo(replies[0]); err != nil {
		return info, nil, stats, err
	}
	if states, err = parseStates(replies[1], backend, p.cfg.Servers); err != nil {
		return info, nil, stats, err
	}
	stats, err = parseStatistics(replies[2], backend, p.cfg.Servers)
	return info, states, stats, err
}

// checkBalance says whether the backend follows weights: HAProxy takes them without a
// word for algorithms that pay no heed to them. It finds the scale of weights on the way.
func (p *Plane) checkBalance(algorithm string) error {
	stated := p.cfg.Balance
	switch algorithm {
	case balanceLeastConn, balanceRoundRobin, balanceRandom:
		if stated != auto && stated != algorithm {
			return fmt.Errorf("%w: backend %s has balance %s, the settings say %s", ErrBackend, p.cfg.Backend, algorithm, stated)
		}
		stated = algorithm
	case "", "unknown":
		if stated == auto {
			return fmt.Errorf("%w: HAProxy does not tell the balance of backend %s, as HAProxy 2.6 does not for random: state it in the settings (balance)", ErrBackend, p.cfg.Backend)
		}
	default:
		return fmt.Errorf("%w: backend %s has balance %s, which does not follow weights: it must be %s, %s or %s", ErrBackend, p.cfg.Backend, algorithm, balanceLeastConn, balanceRoundRobin, balanceRandom)
	}
	p.balance, p.scale = stated, p.cfg.Scale
	if p.scale == 0 {
		p.scale = scaleOf(stated)
	}
	return nil
}

// take brings the table of servers up to date with what was read at time now.
func (p *Plane) take(now float64, restarted bool, states []serverState, stats *backendStatistics) {
	counts := make(map[string]*statistics, len(stats.servers))
	for k := range stats.servers {
		counts[stats.servers[k].name] = &stats.servers[k]
	}
	ended := p.endedBy(now)
	present := make(map[string]bool, len(states))
	for k := range states {
		present[states[k].name] = counts[states[k].name] != nil
	}
	for name, slot := range p.slots {
		if !present[name] {
			p.vacate(name, slot)
		}
	}
	for k := range states {
		state := &states[k]
		count := counts[state.name]
		if count == nil {
			continue // it came between the two replies
		}
		slot, known := p.slots[state.name]
		if known && p.servers[slot].address != state.address {
			p.vacate(state.name, slot)
			known = false
		}
		ongoing := int(min(count.queued, maxStarts) + min(count.current, maxStarts))
		if !known {
			slot = p.occupy(now, state, count, ongoing)
		}
		s := &p.servers[slot]
		if restarted && known {
			s.restart(now, ongoing, state.weight)
		} else if s.owner.observed(state.weight, now, p.cfg.Conflict == conflictYield, p.cfg.YieldFor) {
			p.status.Conflicts++
			p.log.WithField("server", state.name).WithField("weight", state.weight).Warn("another writer has changed a weight")
		}
		var flows []pendingFlow
		if known && slot < len(ended) {
			flows = ended[slot]
		}
		s.take(now, ongoing, count, flows)
		s.In = state.in() && (!count.backup || stats.active == 0)
		for _, f := range flows {
			if f.completed {
				p.fresh.Heard(slot, f.at)
			}
		}
	}
}

// endedBy returns the flows of the process that answers that ended up to now, by slot,
// and keeps the others for the next window.
func (p *Plane) endedBy(now float64) [][]pendingFlow {
	bySlot := make([][]pendingFlow, len(p.servers))
	kept := p.pending[:0]
	for _, f := range p.pending {
		switch {
		case f.at > now:
			kept = append(kept, f)
		case f.pid == p.info.pid:
			bySlot[f.slot] = append(bySlot[f.slot], f)
		default:
			p.status.LinesDropped++ // of a process that a reload has left behind
		}
	}
	p.pending = kept
	return bySlot
}

// occupy gives a server that has come the first vacant slot.
func (p *Plane) occupy(now float64, state *serverState, count *statistics, ongoing int) int {
	slot := 0
	for slot < len(p.servers) && p.servers[slot].flows != nil {
		slot++
	}
	if slot == len(p.servers) {
		p.servers = append(p.servers, server{})
	}
	p.servers[slot] = server{
		Server:  testbed.Server{Name: state.name},
		address: state.address, initial: state.initial, flows: newServerFlows(now, ongoing, p.seed),
		total: count.total, resent: count.redispatches,
	}
	p.slots[state.name] = slot
	p.fresh.Forget(slot)
	if slot < len(p.want) {
		p.want[slot] = math.NaN()
	}
	return slot
}

// vacate empties the slot of a server that has left.
func (p *Plane) vacate(name string, slot int) {
	p.status.LinesMissing += p.servers[slot].flows.lost
	p.servers[slot] = server{}
	delete(p.slots, name)
	p.fresh.Forget(slot)
	kept := p.pending[:0]
	for _, f := range p.pending {
		if int(f.slot) != slot {
			kept = append(kept, f)
		}
	}
	p.pending = kept
}

// restart takes that HAProxy has begun anew. What is known of the server's completion
// times stays, for it is the same server.
func (s *server) restart(now float64, ongoing, weight int) {
	s.Server = testbed.Server{Name: s.Name}
	s.total, s.resent = 0, 0
	s.flows.restart(now, ongoing)
	s.owner.restarted(weight)
}

// take takes counts and the flows that ended since they were read before.
func (s *server) take(now float64, ongoing int, count *statistics, ended []pendingFlow) {
	s.Ongoing = int32(ongoing)
	s.Dispatched += rise(&s.total, count.total)
	s.Failed += rise(&s.resent, count.redispatches)
	flows := make([]endedFlow, len(ended))
	for k := range ended {
		f := &ended[k]
		f.completed = f.outcome == completed
		flows[k] = f.endedFlow
		switch f.outcome {
		case completed:
			s.Completed++
			s.DurationSum += f.duration
			s.CountSum += float64(f.others + 1)
			if f.told >= 0 {
				s.Told.Add(f.told+1, f.others+1, f.duration)
			}
		case failed:
			s.Failed++
		}
	}
	s.flows.window(now, ongoing, flows)
}

// rise returns by how much a counter has risen; one that is lower than before has been
// cleared.
func rise(before *uint64, now uint64) uint64 {
	change := now - *before
	if now < *before {
		change = now
	}
	*before = now
	return change
}
