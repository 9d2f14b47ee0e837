package sim

import (
	"fairlb/env"
	"fairlb/env/argmin"
	"fairlb/env/workload"
)

// This file is the life of a request: it arrives at an LB, is sent to a
// server, passes its stages there, and ends at the LB.

// arrive dispatches the request that has just arrived at its LB.
func (e *engine) arrive() {
	r := &e.next
	lb := r.LB
	if e.pool.down > 0 {
		lb = e.pool.instead(lb)
	}
	if lb < 0 || e.balancers[lb].Available() == 0 {
		e.turnAway(r)
		return
	}
	id := e.allocate()
	base := int(id) * e.stride
	demands := e.demands[base : base+len(r.Demand)]
	resources := e.stages[r.Class]
	e.newCPU, e.newIO = 0, 0
	for k, d := range r.Demand {
		demands[k] = d
		if resources[k] == workload.CPU {
			e.newCPU += d
		} else {
			e.newIO += d
		}
	}
	flow, server := e.balancers[lb].Dispatch(e.now)
	e.requests[id] = request{arrival: r.Time, flow: flow, lb: uint16(lb), server: uint16(server), class: uint8(r.Class), state: running}
	if e.cfg.Flows {
		e.sentIn[id] = uint32(e.step)
	}
	e.stations[2*server].work += e.newCPU
	e.stations[2*server+1].work += e.newIO
	e.held[server]++
	if e.heldLog.on {
		e.heldLog.note(server)
	}
	e.flight++
	e.events++
	e.interval.Arrived++
	e.send(id)
}

// turnAway fails a request for which there is no LB or no server.
func (e *engine) turnAway(r *workload.Request) {
	e.events++
	e.interval.Arrived++
	e.lose(r.Time, uint8(r.Class), r.LB, -1)
}

// allocate returns the id of a request slot that is free.
func (e *engine) allocate() uint32 {
	if n := len(e.free); n > 0 {
		id := e.free[n-1]
		e.free = e.free[:n-1]
		return id
	}
	id := uint32(len(e.requests))
	e.requests = append(e.requests, request{})
	if e.cfg.Flows {
		e.sentIn = append(e.sentIn, 0)
	}
	for range e.stride {
		e.demands = append(e.demands, 0)
	}
	return id
}

// send puts a packet on its way to the server.
// Latencies to the servers are drawn in the order of arrivals from a stream of
// their own, so that every dispatch method meets the same.
func (e *engine) send(id uint32) {
	if e.cfg.LatencyHigh == 0 {
		e.deliver(id)
		return
	}
	e.packets.push(entry{time: e.now + e.delay(0), order: e.sent, id: id})
	e.sent++
}

// reply puts a packet on its way back to the LB.
func (e *engine) reply(id uint32) {
	if e.cfg.LatencyHigh == 0 {
		e.end(id, e.now)
		return
	}
	e.replies.push(entry{time: e.now + e.delay(1), order: e.sent, id: id})
	e.sent++
}

// delay draws the latency (s) of a packet to a server or back (1).
func (e *engine) delay(direction int) float64 {
	return e.cfg.LatencyLow + (e.cfg.LatencyHigh-e.cfg.LatencyLow)*e.latency[direction].Float64()
}

// settle lets the LBs see the replies that have come by now. Nothing looks at
// what replies change but arrivals, changes and the end of a step, so they
// need not be events.
func (e *engine) settle() {
	for e.replies.len() > 0 && e.replies.first().time <= e.now {
		p := e.replies.pop()
		e.end(p.id, p.time)
	}
}

// deliver lets a request reach its server, which serves it, keeps it in its
// backlog, or refuses it.
func (e *engine) deliver(id uint32) {
	x := &e.requests[id]
	first := e.stationOf(x)
	s := &e.stations[first]
	if e.pool.failed[x.server] || s.full() && s.queue.n >= e.cfg.Backlog {
		e.refuse(id)
		return
	}
	if e.reports.on {
		e.reports.delivered(id, int(x.server), e.now)
	}
	e.join(id, first)
}

// refuse fails a request: its client waits until the timeout, its LB learns
// of it by the refusal packet.
func (e *engine) refuse(id uint32) {
	x := &e.requests[id]
	if x.state == running {
		x.state = failed
	}
	for k, resource := range e.stages[x.class] {
		e.stations[2*int(x.server)+int(resource)].work -= e.demands[int(id)*e.stride+k]
	}
	e.letGo(int(x.server))
	e.reply(id)
}

// letGo notes that a server is done with a request. A server that has none
// left has no work left either: what rounding made of it is dropped, so that
// idle servers are equal to the Oracle.
func (e *engine) letGo(server int) {
	e.held[server]--
	if e.heldLog.on {
		e.heldLog.note(server)
	}
	if e.held[server] == 0 {
		e.stations[2*server].work, e.stations[2*server+1].work = 0, 0
	}
}

// stationOf returns the index of the station that a request's stage needs.
func (e *engine) stationOf(x *request) int {
	return 2*int(x.server) + int(e.stages[x.class][x.stage])
}

// join lets a request into a station, in service or behind those that wait.
func (e *engine) join(id uint32, station int) {
	s := &e.stations[station]
	if s.full() {
		s.queue.push(id)
		return
	}
	s.advance(e.now)
	s.enter(id, e.demands[int(id)*e.stride+int(e.requests[id].stage)])
	e.schedule(station)
}

// schedule notes when the next task of a station completes.
func (e *engine) schedule(station int) {
	key := argmin.Key(e.stations[station].next())
	e.nexts[station] = key
	e.due.set(station>>1, min(key, e.nexts[station^1]))
}

// serveNext lets the request that waited longest at a station into service;
// the station has been advanced and is not full.
func (e *engine) serveNext(s *station) {
	id := s.queue.pop()
	s.enter(id, e.demands[int(id)*e.stride+int(e.requests[id].stage)])
}

// completeStage ends the stage that is due at a station and starts the next
// one, of the request that waited longest there and of the request itself.
func (e *engine) completeStage(station int) {
	e.events++
	s := &e.stations[station]
	s.advance(e.now)
	id := s.leave()
	if s.queue.n > 0 && !s.full() {
		e.serveNext(s)
	}
	e.schedule(station)

	x := &e.requests[id]
	x.stage++
	if int(x.stage) == len(e.stages[x.class]) {
		e.letGo(int(x.server))
		e.reports.completed[x.server]++
		if e.reports.on {
			e.reports.done(id, int(x.server), e.now)
		}
		e.reply(id)
		return
	}
	e.join(id, e.stationOf(x))
}

// end closes a request at its LB, which has seen its last packet pass at the
// given time.
func (e *engine) end(id uint32, now float64) {
	x := &e.requests[id]
	if x.state != orphan {
		e.conclude(id, now)
	}
	x.state = unused
	e.free = append(e.free, id)
	e.flight--
}

// conclude ends a request for its client and its LB.
func (e *engine) conclude(id uint32, now float64) {
	x := &e.requests[id]
	lb, server, lost := int(x.lb), int(x.server), x.state == failed
	flow := e.balancers[lb].End(now, x.flow, lost)
	elapsed := now - x.arrival
	if lost {
		elapsed = e.cfg.Timeout
	}
	e.count(elapsed, lost)
	if e.cfg.Flows {
		e.flows = append(e.flows, env.Flow{LB: lb, Server: server, Step: int(e.sentIn[id]), Ongoing: int(flow.Ongoing), Completion: elapsed, Failed: lost})
	}
	if e.cfg.Recorder != nil {
		e.cfg.Recorder.Record(env.Outcome{Arrival: x.arrival, Completion: elapsed, Class: int(x.class), LB: lb, Server: server, Failed: lost})
	}
}

// count adds an outcome to the interval.
func (e *engine) count(completion float64, failed bool) {
	if failed {
		e.interval.Failed++
	} else {
		e.interval.Completed++
	}
	e.interval.CompletionSum += completion
}

// lose records a failure of which no packet will tell.
func (e *engine) lose(arrival float64, class uint8, lb, server int) {
	e.count(e.cfg.Timeout, true)
	if e.cfg.Recorder != nil {
		e.cfg.Recorder.Record(env.Outcome{Arrival: arrival, Completion: e.cfg.Timeout, Class: int(class), LB: lb, Server: server, Failed: true})
	}
}
