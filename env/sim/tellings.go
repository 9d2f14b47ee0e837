package sim

import (
	"math"
	"math/rand/v2"

	"fairlb/env"
	"fairlb/env/balancer"
	"fairlb/env/eventqueue"
)

// tellings is what servers tell LBs of how many requests they have: on responses
// (Config.CarryCounts), or in messages to every LB (Config.TellEvery).
type tellings struct {
	carried []carriedCount // by request, what its response carries; empty unless Config.CarryCounts

	every   float64 // s between two messages of a server; 0: there are none
	servers int
	turns   uint64  // messages to all LBs so far, each server's in turn
	next    float64 // s, when the next server tells; +Inf: never

	toLBs    eventqueue.Queue // messages on their way
	messages []telling        // by id
	free     []uint32         // ids without a message
	sent     uint32           // so far; of messages due at one time the one sent first goes first
	rng      *rand.Rand       // draws their latencies
}

// carriedCount is what a response carries.
type carriedCount struct {
	said     float64 // s, when the server answered
	requests int32   // of all LBs, that it had left
}

// telling is a message of a server to an LB.
type telling struct {
	carriedCount
	lb, server uint16
}

// reset begins an episode in which each server tells every so many s.
func (t *tellings) reset(seed uint64, every float64, servers int) {
	t.carried = t.carried[:0]
	t.every, t.servers, t.turns = every, servers, 0
	t.toLBs.Reset()
	t.messages, t.free, t.sent = t.messages[:0], t.free[:0], 0
	t.rng = rand.New(env.Stream(seed, "sim/latency/telling"))
	t.schedule()
}

// schedule finds the time at which the next server tells.
func (t *tellings) schedule() {
	t.next = math.Inf(1)
	if t.every > 0 {
		t.next = t.every * (float64(t.turns+1) / float64(t.servers))
	}
}

// carry notes what the response to a request carries.
func (t *tellings) carry(id uint32, requests int32, now float64) {
	for int(id) >= len(t.carried) {
		t.carried = append(t.carried, carriedCount{})
	}
	t.carried[id] = carriedCount{now, requests}
}

// tell sends every LB a message of the server whose turn it is, unless that has failed.
func (e *engine) tell() {
	t := &e.tellings
	server := int(t.turns % uint64(t.servers))
	t.turns++
	t.schedule()
	if e.members.failed[server] {
		return
	}
	for lb := range e.balancers {
		due := e.now
		if e.cfg.LatencyHigh > 0 {
			due += e.latencyFrom(t.rng)
		}
		id := t.allocate()
		t.messages[id] = telling{carriedCount{e.now, e.reports.inFlight[server]}, uint16(lb), uint16(server)}
		t.toLBs.Push(eventqueue.Entry{Time: due, Order: t.sent, ID: id})
		t.sent++
	}
}

// allocate returns an id that no message has.
func (t *tellings) allocate() uint32 {
	if n := len(t.free); n > 0 {
		id := t.free[n-1]
		t.free = t.free[:n-1]
		return id
	}
	t.messages = append(t.messages, telling{})
	return uint32(len(t.messages) - 1)
}

// processTellings lets the LBs that have not failed hear the messages that have arrived
// by the given time.
func (e *engine) processTellings(until float64) {
	t := &e.tellings
	for t.toLBs.Len() > 0 && t.toLBs.First().Time <= until {
		id := t.toLBs.Pop().ID
		if m := &t.messages[id]; !e.members.failedLB[m.lb] {
			e.balancers[m.lb].Hear(int(m.server), m.requests, m.said)
		}
		t.free = append(t.free, id)
	}
}

// endFlow ends the flow of a request at its LB, which reads what the response carries.
func (e *engine) endFlow(id uint32, now float64, failed bool) balancer.Flow {
	x := &e.requests[id]
	if e.cfg.CarryCounts && !failed {
		c := e.tellings.carried[id]
		return e.balancers[x.lb].EndTold(now, x.flow, c.requests, c.said)
	}
	return e.balancers[x.lb].End(now, x.flow, failed)
}
