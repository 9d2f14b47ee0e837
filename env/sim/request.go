package sim

import (
	"math/rand/v2"

	"fairlb/env"
	"fairlb/env/eventqueue"
	"fairlb/env/workload"
)

// This file is the life of a request: it arrives at an LB (processArrival), is
// sent to a server (send, deliver), passes its stages there (completeStage), and ends at the LB when the reply arrives (reply,
// processReplies, endRequest). What becomes of one that its server does not take is
// in connection.go.

// processArrival dispatches the request that arrives now at its LB.
func (e *engine) processArrival() {
	r := &e.arrival
	lb := r.LB
	if e.members.failedLBs > 0 {
		lb = e.members.redirect(lb)
	}
	if lb < 0 || e.balancers[lb].Available() == 0 {
		e.rejectArrival(r)
		return
	}
	id := e.allocate()
	demands := e.servers.Prepare(id, r.Class)
	resources := e.stages[r.Class]
	e.arrivingCPU, e.arrivingIO = 0, 0
	for k, d := range r.Demand {
		demands[k] = d
		if resources[k] == workload.CPU {
			e.arrivingCPU += d
		} else {
			e.arrivingIO += d
		}
	}
	seen := uint8(0)
	if e.cfg.ClassesSeen {
		seen = uint8(r.Class)
	}
	flow, server := e.balancers[lb].DispatchClass(e.now, seen)
	if e.hasConnections {
		e.prepareConnection(id)
	}
	e.requests[id] = request{arrival: r.Time, flow: flow, number: e.dispatched, lb: uint16(lb), server: uint16(server), class: uint8(r.Class), state: active}
	e.dispatched++
	if e.counts != nil {
		e.counts[lb][server].Dispatched++
	}
	if e.cfg.Flows {
		e.stepOf[id] = uint32(e.currentStep)
	}
	e.servers.Send(id, server, e.arrivingCPU, e.arrivingIO)
	e.outstanding[server]++
	if e.outstandingLog.enabled {
		e.outstandingLog.add(server)
	}
	e.inFlight++
	e.events++
	e.interval.Arrived++
	e.send(id)
}

// rejectArrival fails the request that arrives now, because no LB or no server is
// there to take it.
func (e *engine) rejectArrival(r *workload.Request) {
	e.events++
	e.interval.Arrived++
	e.recordLoss(r.Time, uint8(r.Class), r.LB, -1)
}

// allocate returns an id that no request has.
func (e *engine) allocate() uint32 {
	if n := len(e.free); n > 0 {
		id := e.free[n-1]
		e.free = e.free[:n-1]
		return id
	}
	id := uint32(len(e.requests))
	e.requests = append(e.requests, request{})
	if e.cfg.Flows {
		e.stepOf = append(e.stepOf, 0)
	}
	return id
}

// send puts a request on its way to its server. These latencies are drawn in the
// order of arrivals from a stream of their own, so that a request meets the same
// latency under every dispatch rule.
func (e *engine) send(id uint32) {
	if e.cfg.LatencyHigh == 0 {
		e.deliver(id)
		return
	}
	e.toServers.Push(eventqueue.Entry{Time: e.now + e.drawLatency(0), Order: e.packetsSent, ID: id})
	e.packetsSent++
}

// reply puts the reply to a request on its way to the LB.
func (e *engine) reply(id uint32) {
	if e.cfg.LatencyHigh == 0 {
		e.processReplies() // flows that are dropped for their age go before
		e.endRequest(id, e.now)
		return
	}
	e.toLBs.Push(eventqueue.Entry{Time: e.now + e.drawLatency(1), Order: e.packetsSent, ID: id})
	e.packetsSent++
}

// drawLatency draws the latency (s) of a packet to a server (direction 0) or back
// (1).
func (e *engine) drawLatency(direction int) float64 { return e.latencyFrom(e.latency[direction]) }

// latencyFrom draws the latency (s) of a packet from the given stream.
func (e *engine) latencyFrom(rng *rand.Rand) float64 {
	return e.cfg.LatencyLow + (e.cfg.LatencyHigh-e.cfg.LatencyLow)*rng.Float64()
}

// processReplies lets the LBs see the replies that have arrived by now. Only
// arrivals, changes and the end of a step read what replies change, so that
// replies need not be events: it is enough to process them before each of these.
func (e *engine) processReplies() {
	for e.toLBs.Len() > 0 && e.toLBs.First().Time <= e.now {
		p := e.toLBs.Pop()
		if e.cfg.CountEstablished {
			e.processACKs(p.Time)
		}
		e.processTellings(p.Time)
		e.endRequest(p.ID, p.Time)
	}
	if e.cfg.CountEstablished {
		e.processACKs(e.now)
	}
	e.processTellings(e.now)
}

// deliver lets a request reach its server, which serves it, puts it into its
// backlog, or refuses it because the backlog is full or the server has failed or
// fails fast.
func (e *engine) deliver(id uint32) {
	if e.retrying(id) && !e.returnToServer(id) {
		return
	}
	x := &e.requests[id]
	taken := !e.members.failed[x.server] && !e.members.failsFast[x.server] && e.servers.HasRoom(id)
	if e.cfg.CountEstablished {
		e.answerSYN(id, taken)
	}
	if !taken {
		e.refuse(id)
		return
	}
	e.reports.requestArrived(id, int(x.server), e.now)
	e.servers.Arrive(e.now, id)
}

// release notes that a server is done with a request. A server that has no
// request left has no work left either, so that idle servers are equal to the Oracle.
func (e *engine) release(server int) {
	e.outstanding[server]--
	if e.outstandingLog.enabled {
		e.outstandingLog.add(server)
	}
	if e.outstanding[server] == 0 {
		e.servers.ClearWork(server)
	}
}

// completeStage ends the stage that is due at a server, and answers the request after
// its last.
func (e *engine) completeStage() {
	e.events++
	if id, done := e.servers.Complete(e.now); done {
		e.completeRequest(id)
	}
}

// completeRequest answers a request that has passed its last stage.
func (e *engine) completeRequest(id uint32) {
	server := int(e.requests[id].server)
	e.release(server)
	e.reports.requestCompleted(id, server, e.now)
	if e.cfg.CarryCounts {
		e.tellings.carry(id, e.reports.inFlight[server], e.now)
	}
	e.reply(id)
}

// endRequest ends a request whose reply reached its LB at the given time, and
// frees its id.
func (e *engine) endRequest(id uint32, now float64) {
	x := &e.requests[id]
	if x.state != orphan {
		e.reportEnd(id, now)
	}
	x.state = vacant
	if e.cfg.CountEstablished {
		e.connections.awaited[id].pending = false
	}
	e.free = append(e.free, id)
	e.inFlight--
}

// reportEnd tells the LB, and whoever listens, that a request has ended, and the
// client too, unless it knows (unseen).
func (e *engine) reportEnd(id uint32, now float64) {
	x := &e.requests[id]
	lb, server, failed := int(x.lb), int(x.server), x.state != active
	flow := e.endFlow(id, now, failed)
	elapsed := now - x.arrival
	if failed {
		elapsed = e.cfg.Timeout
	}
	if e.counts != nil {
		e.countEnd(lb, server, flow.Start, now, failed)
	}
	if e.cfg.Flows {
		e.endedFlows = append(e.endedFlows, env.Flow{LB: lb, Server: server, Step: int(e.stepOf[id]), Ongoing: int(flow.Ongoing), Completion: elapsed, Failed: failed})
	}
	if x.state == unseen {
		return
	}
	e.count(elapsed, failed)
	if e.cfg.Recorder != nil {
		e.cfg.Recorder.Record(env.Outcome{Arrival: x.arrival, Completion: elapsed, Class: int(x.class), LB: lb, Server: server, Failed: failed})
	}
}

// count adds a request that has ended to the figures of the interval.
func (e *engine) count(completion float64, failed bool) {
	if failed {
		e.interval.Failed++
	} else {
		e.interval.Completed++
	}
	e.interval.CompletionSum += completion
}

// recordLoss records a failure of which no reply will tell an LB.
func (e *engine) recordLoss(arrival float64, class uint8, lb, server int) {
	e.count(e.cfg.Timeout, true)
	if e.cfg.Recorder != nil {
		e.cfg.Recorder.Record(env.Outcome{Arrival: arrival, Completion: e.cfg.Timeout, Class: int(class), LB: lb, Server: server, Failed: true})
	}
}
