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
	if e.members.failed[server] {
		return math.Inf(1)
	}
	cpu, io := &e.stations[2*server], &e.stations[2*server+1]
	return max((cpu.workAt(e.now)+e.arrivingCPU)/e.Capacity(server), (io.workAt(e.now)+e.arrivingIO)/io.speed)
}

// Capacity implements dispatch.GlobalState. It is what the server does when all
// its processors are busy, processors times speed unless they share cores. Of it,
// background jobs take their part beside the requests that the server has, the
// arriving one included, and contention takes what these cost each other.
func (e *engine) Capacity(server int) float64 {
	if e.members.failed[server] {
		return 0
	}
	cpu := &e.stations[2*server]
	tasks, part := cpu.procs, 1.0
	if cpu.background > 0 || cpu.law.Contention > 0 {
		n := float64(min(int(e.outstanding[server])+1, cpu.limit))
		tasks, part = max(n+cpu.background, cpu.procs), n/(n+cpu.background)
	}
	return cpu.law.beyondCores(tasks, cpu.procs, cpu.cores) * part * cpu.speed
}

// waiting returns the number of requests that wait at a server for a processor or
// a worker.
func (e *engine) waiting(server int) int {
	n := e.stations[2*server].queue.n
	if e.cfg.Prefork {
		n += e.pools[server].waiting.n
	}
	return n
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
	n := len(e.outstanding)
	t.CPUWork, t.IOWork, t.CPUTime = resize(t.CPUWork, n), resize(t.IOWork, n), resize(t.CPUTime, n)
	t.Running, t.Backlog, t.Speed = resize(t.Running, n), resize(t.Backlog, n), resize(t.Speed, n)
	t.Busy, t.CPUs, t.Background, t.Out = resize(t.Busy, n), resize(t.CPUs, n), resize(t.Background, n), resize(t.Out, n)
	t.Capacity = resize(t.Capacity, n)
	for j := range n {
		cpu, io := &e.stations[2*j], &e.stations[2*j+1]
		t.CPUWork[j], t.IOWork[j], t.CPUTime[j] = cpu.workAt(e.now), io.workAt(e.now), cpu.cpuTimeAt(e.now)
		t.Busy[j], t.Running[j], t.Backlog[j] = cpu.busy.len(), cpu.busy.len()+io.busy.len(), e.waiting(j)
		t.Speed[j], t.CPUs[j], t.Background[j] = cpu.speed, int(cpu.procs), int(cpu.background)
		if e.cfg.Prefork {
			t.Busy[j] = e.pools[j].held
		}
		t.Capacity[j] = cpu.law.Full(cpu.procs) * cpu.speed
		t.Out[j] = e.members.failed[j] || e.members.drained[j]
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
