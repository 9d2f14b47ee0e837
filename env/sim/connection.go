package sim

import (
	"math/rand/v2"

	"fairlb/env"
	"fairlb/env/eventqueue"
)

// This file is what a TCP connection adds to the life of a request (request.go): an
// LB may count it only once it is established, a server that does not take it may be
// tried again, and its failure may stay hidden from the LB.
//
// In the published testbed servers answer clients directly, past the LB, which sees
// the client's packets alone: the SYN for which it chooses a server, then the ACK one
// round trip later, at which it begins to count (Config.CountEstablished). A server
// whose backlog is full drops the SYN. The client sends it again after a while, and
// the LB forwards it to the same server (Config.SYNRetries). When the client gives up,
// no packet says so, and the LB's count stays until it drops the flow for its age
// (Config.UnseenRefusals).

// connections is what the engine keeps of connections beyond their requests.
type connections struct {
	acks     eventqueue.Queue // ACKs on their way to an LB
	awaited  []awaited        // by request; empty unless Config.CountEstablished
	acksSent uint32           // so far; of ACKs due at one time the one sent first goes first
	rng      [2]*rand.Rand    // draw the latencies of ACKs (0) and of repeated SYNs (1)

	retryAfter []float64 // s from the first SYN to each further one, those before the timeout
	retries    []uint8   // by request, further SYNs so far; empty unless there may be any
}

// awaited is the ACK that establishes a connection.
type awaited struct {
	order   uint32 // its number among the ACKs
	pending bool   // it is on its way
}

func newConnections(cfg *Config) connections {
	var c connections
	after := 0.0
	for _, gap := range cfg.SYNRetries {
		if after += gap; after < cfg.Timeout {
			c.retryAfter = append(c.retryAfter, after)
		}
	}
	return c
}

func (c *connections) reset(seed uint64) {
	c.acks.Reset()
	c.awaited, c.retries, c.acksSent = c.awaited[:0], c.retries[:0], 0
	for k, name := range []string{"sim/latency/ack", "sim/latency/retry"} {
		c.rng[k] = rand.New(env.Stream(seed, name))
	}
}

// prepareConnection makes room for what is kept of the connection of a new request.
func (e *engine) prepareConnection(id uint32) {
	c := &e.connections
	if e.cfg.CountEstablished {
		for int(id) >= len(c.awaited) {
			c.awaited = append(c.awaited, awaited{})
		}
		c.awaited[id].pending = false
	}
	if len(c.retryAfter) > 0 {
		for int(id) >= len(c.retries) {
			c.retries = append(c.retries, 0)
		}
		c.retries[id] = 0
	}
}

// answerSYN lets a server answer the SYN of a request that it takes or refuses. The
// ACK reaches the LB after two more packets' latencies, if it takes it: the SYN-ACK's,
// which goes past the LB, and its own; together they count as one, as replies do. It
// is drawn for every SYN, so that a request meets the same under every dispatch rule.
func (e *engine) answerSYN(id uint32, taken bool) {
	c := &e.connections
	due := e.now
	if e.cfg.LatencyHigh > 0 {
		due += e.latencyFrom(c.rng[0])
	}
	switch {
	case !taken:
	case due == e.now:
		e.processReplies() // what the LB saw before
		e.establish(id, e.now)
	default:
		c.awaited[id] = awaited{order: c.acksSent, pending: true}
		c.acks.Push(eventqueue.Entry{Time: due, Order: c.acksSent, ID: id})
		c.acksSent++
	}
}

// processACKs lets the LBs see the ACKs that have arrived by the given time. A flow
// that ended before its ACK came never counts.
func (e *engine) processACKs(until float64) {
	c := &e.connections
	for c.acks.Len() > 0 && c.acks.First().Time <= until {
		p := c.acks.Pop()
		if a := &c.awaited[p.ID]; a.pending && a.order == p.Order {
			a.pending = false
			e.establish(p.ID, p.Time)
		}
	}
}

// establish lets the LB of a request count its flow from the given time on.
func (e *engine) establish(id uint32, now float64) {
	if x := &e.requests[id]; x.state != orphan {
		e.balancers[x.lb].Established(now, x.flow)
	}
}

// refuse lets a server not take a request. The client may try again, unless the server
// has answered, as one that fails fast does; else the request has failed.
func (e *engine) refuse(id uint32) {
	x := &e.requests[id]
	e.servers.AddWork(id, -1)
	e.release(int(x.server))
	answered := e.members.failsFast[x.server] && !e.members.failed[x.server]
	if !answered && e.sendAgain(id) {
		return
	}
	e.fail(id)
}

// sendAgain sends a request's SYN again, at its time and to the same server, and says
// whether it does: not if the client has given up.
func (e *engine) sendAgain(id uint32) bool {
	c := &e.connections
	x := &e.requests[id]
	if len(c.retryAfter) == 0 || x.state == orphan || int(c.retries[id]) == len(c.retryAfter) {
		return false
	}
	due := max(e.now, x.arrival+c.retryAfter[c.retries[id]])
	if e.cfg.LatencyHigh > 0 {
		due += e.latencyFrom(c.rng[1])
	}
	c.retries[id]++
	e.toServers.Push(eventqueue.Entry{Time: due, Order: e.packetsSent, ID: id})
	e.packetsSent++
	return true
}

// retrying says whether the SYN that is under way to a server is not the first. While
// it waits to be sent again the request is not among those outstanding there.
func (e *engine) retrying(id uint32) bool {
	return len(e.connections.retryAfter) > 0 && e.connections.retries[id] > 0
}

// returnToServer lets a SYN that was sent again reach its server. It returns false if
// the client has given up since, because its LB failed.
func (e *engine) returnToServer(id uint32) bool {
	x := &e.requests[id]
	if x.state == orphan {
		e.endRequest(id, e.now)
		return false
	}
	e.servers.AddWork(id, 1)
	e.outstanding[x.server]++
	if e.outstandingLog.enabled {
		e.outstandingLog.add(int(x.server))
	}
	return true
}

// fail ends a request that its server refused, or lost as it failed. To its client it
// counts as a completion at the timeout. Its LB learns of it by a reply or, where
// refusals are unseen, drops the flow at its timeout.
func (e *engine) fail(id uint32) {
	x := &e.requests[id]
	if x.state == active && e.cfg.UnseenRefusals {
		x.state = unseen
		e.recordLoss(x.arrival, x.class, int(x.lb), int(x.server))
		e.toLBs.Push(eventqueue.Entry{Time: max(e.now, x.arrival+e.cfg.Timeout), Order: e.packetsSent, ID: id})
		e.packetsSent++
		return
	}
	if x.state == active {
		x.state = failed
	}
	e.reply(id)
}
