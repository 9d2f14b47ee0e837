package plane

import (
	"math"
	"time"
)

func (e *engine) snapshot() Snapshot {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.parameters.Load()
	s := Snapshot{Name: p.config.Name, Uptime: time.Since(e.began), Ready: e.ready.Load(), Drain: e.draining}
	bytes := make([]serverBytes, len(p.servers))
	for _, l := range e.loops {
		e.ask(l, func() { l.addTo(&s, bytes) })
	}
	e.ask(e.loops[0], func() {
		e.standing.addTo(&s, p, bytes)
		e.loops[0].reports.addTo(&s, e.now())
	})
	return s
}

// addTo adds what a loop has counted.
func (l *loop) addTo(s *Snapshot, bytes []serverBytes) {
	s.Loops = append(s.Loops, LoopState{
		Open: l.open, Turns: l.turns, Waits: l.waits, Accepted: l.accepted, Overflow: l.replica.Overflow(), Buffers: l.buffersUsed, Pipes: l.pipesUsed,
	})
	s.Open += l.open
	s.Queued += l.queued
	s.Paused += l.pauses
	s.Accepted += l.accepted
	s.Retried += l.retried
	s.Received += l.received
	s.Sent += l.sent
	s.Spliced += l.spliced
	s.Lost += l.records.lost.Load()
	for k, n := range l.ended {
		s.Ended[k] += n
	}
	for k, n := range l.faults {
		s.Faults[k] += n
	}
	s.Duration.merge(&l.durations)
	s.Connect.merge(&l.connects)
	s.Wait.merge(&l.queueWaits)
	for slot := range min(len(l.servers), len(bytes)) {
		bytes[slot].received += l.servers[slot].received
		bytes[slot].sent += l.servers[slot].sent
		bytes[slot].underWay += l.servers[slot].underWay
	}
}

// weightOf returns a weight as a Snapshot has it.
func weightOf(weights []float64, slot uint32) float64 {
	if int(slot) >= len(weights) || math.IsNaN(weights[slot]) {
		return 0
	}
	return weights[slot]
}
