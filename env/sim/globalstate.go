package sim

import (
	"math"

	"fairlb/env"
	"fairlb/env/dispatch"
)

var (
	_ dispatch.GlobalState    = (*engine)(nil)
	_ dispatch.OutstandingLog = (*engine)(nil)
)

// Finish implements dispatch.GlobalState. It is the larger of the CPU work that
// is left over the server's capacity, and the IO work that is left, each with the
// demand of the arriving request (s).
func (e *engine) Finish(server int) float64 {
	if e.members.failed[server] || e.members.failsFast[server] {
		return math.Inf(1)
	}
	cpu, io := e.servers.CPU(server), e.servers.IO(server)
	return max((cpu.Work(e.now)+e.arrivingCPU)/e.Capacity(server), (io.Work(e.now)+e.arrivingIO)/io.Speed())
}

// Capacity implements dispatch.GlobalState. It is what the server does when all
// its processors are busy, processors times speed unless they share cores. Of it,
// background jobs take their part beside the requests that the server has, the
// arriving one included, and contention takes what these cost each other.
func (e *engine) Capacity(server int) float64 {
	if e.members.failed[server] || e.members.failsFast[server] {
		return 0
	}
	return e.servers.CPU(server).Capacity(int(e.outstanding[server]) + 1)
}

// Outstanding implements dispatch.GlobalState.
func (e *engine) Outstanding(server int) int32 { return e.outstanding[server] }

// outstandingLog remembers of which servers the outstanding count changed. It is
// kept only where some rule reads it.
type outstandingLog struct {
	enabled     bool
	first, next uint64      // the numbers of the changes that are remembered: from first to next - 1
	ring        [256]uint16 // servers, by the number of the change modulo the length
}

func (l *outstandingLog) add(server int) {
	l.ring[l.next%uint64(len(l.ring))] = uint16(server)
	l.next++
	if l.next-l.first > uint64(len(l.ring)) {
		l.first++
	}
}

// OutstandingChanges implements dispatch.OutstandingLog.
func (e *engine) OutstandingChanges() (first, next uint64) {
	return e.outstandingLog.first, e.outstandingLog.next
}

// OutstandingChange implements dispatch.OutstandingLog.
func (e *engine) OutstandingChange(change uint64) int32 {
	return int32(e.outstandingLog.ring[change%uint64(len(e.outstandingLog.ring))])
}

// readTruth fills t with the servers' true state.
func (e *engine) readTruth(t *env.Truth) {
	e.servers.ReadTruth(e.now, t)
	for j := range t.Out {
		t.Out[j] = e.members.failed[j] || e.members.failsFast[j] || e.members.drained[j]
	}
}
