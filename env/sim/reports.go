package sim

import (
	"math"
	"slices"

	"fairlb/env"
	"fairlb/env/dispatch"
)

var (
	_ dispatch.GlobalState    = (*engine)(nil)
	_ dispatch.OutstandingLog = (*engine)(nil)
	_ dispatch.Reports        = (*engine)(nil)
)

// Finish implements dispatch.Foresight: the larger of the CPU work left over
// the server's capacity and its IO work left, the new request included (s).
func (e *engine) Finish(server int) float64 {
	if e.pool.failed[server] {
		return math.Inf(1)
	}
	cpu, io := &e.stations[2*server], &e.stations[2*server+1]
	return max((cpu.workAt(e.now)+e.newCPU)/e.Capacity(server), (io.workAt(e.now)+e.newIO)/io.speed)
}

// Capacity implements dispatch.Foresight: processors times speed. Background
// jobs take their part beside the requests that the server has, the one to
// come included.
func (e *engine) Capacity(server int) float64 {
	if e.pool.failed[server] {
		return 0
	}
	cpu := &e.stations[2*server]
	procs := cpu.procs
	if cpu.extra > 0 {
		n := float64(min(int(e.held[server])+1, cpu.limit))
		procs *= n / (n + cpu.extra)
	}
	return procs * cpu.speed
}

// Held implements dispatch.Foresight.
func (e *engine) Outstanding(server int) int32 { return e.held[server] }

// heldLog remembers of which servers held changed, where a rule wants to know.
type heldLog struct {
	on          bool
	first, next uint64      // numbers of the changes that are remembered
	ring        [256]uint16 // servers, by the number of the change
}

func (l *heldLog) note(server int) {
	l.ring[l.next%uint64(len(l.ring))] = uint16(server)
	l.next++
	if l.next-l.first > uint64(len(l.ring)) {
		l.first++
	}
}

// HeldChanges implements dispatch.HeldLog.
func (e *engine) OutstandingChanges() (first, next uint64) { return e.heldLog.first, e.heldLog.next }

// HeldChange implements dispatch.HeldLog.
func (e *engine) OutstandingChange(change uint64) int32 {
	return int32(e.heldLog.ring[change%uint64(len(e.heldLog.ring))])
}

// look fills t with the servers' true state.
func (e *engine) look(t *env.Truth) {
	n := len(e.held)
	t.CPUWork, t.IOWork, t.CPUTime = resize(t.CPUWork, n), resize(t.IOWork, n), resize(t.CPUTime, n)
	t.Running, t.Backlog, t.Speed = resize(t.Running, n), resize(t.Backlog, n), resize(t.Speed, n)
	t.Busy, t.CPUs, t.Background, t.Out = resize(t.Busy, n), resize(t.CPUs, n), resize(t.Background, n), resize(t.Out, n)
	for j := range n {
		cpu, io := &e.stations[2*j], &e.stations[2*j+1]
		t.CPUWork[j], t.IOWork[j], t.CPUTime[j] = cpu.workAt(e.now), io.workAt(e.now), cpu.usedAt(e.now)
		t.Busy[j], t.Running[j], t.Backlog[j] = cpu.busy.len(), cpu.busy.len()+io.busy.len(), cpu.queue.n
		t.Speed[j], t.CPUs[j], t.Background[j] = cpu.speed, int(cpu.procs), int(cpu.extra)
		t.Out[j] = e.pool.failed[j] || e.pool.drained[j]
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// recent is the number of latencies that a server remembers for its probes.
const recent = 64

// reports is what servers can tell of themselves. Latencies are kept from the
// first probe on.
type reports struct {
	on        bool
	completed []int32     // by server
	present   []int32     // by server, requests that are there
	history   [][]latency // by server, the last few that ended there
	oldest    []int       // by server, the index in history that is next overwritten
	begun     []latency   // by request: when it reached its server, in place of the latency
}

// latency is how long a request was at its server, and how many were there
// when it came.
type latency struct {
	seconds  float64
	inFlight int32
}

func newReports(servers int) reports {
	return reports{completed: make([]int32, servers), present: make([]int32, servers), history: make([][]latency, servers), oldest: make([]int, servers)}
}

func (r *reports) reset() {
	r.on = false
	clear(r.completed)
	clear(r.present)
	clear(r.oldest)
	for j := range r.history {
		r.history[j] = r.history[j][:0]
	}
	r.begun = r.begun[:0]
}

// delivered notes that a request has reached its server.
func (r *reports) delivered(id uint32, server int, now float64) {
	for int(id) >= len(r.begun) {
		r.begun = append(r.begun, latency{})
	}
	r.begun[id] = latency{now, r.present[server]}
	r.present[server]++
}

// done notes that a server has completed a request.
func (r *reports) done(id uint32, server int, now float64) {
	r.present[server]--
	begun := r.begun[id]
	if begun.seconds < 0 {
		return // it came before the first probe
	}
	x := latency{now - begun.seconds, begun.inFlight}
	if h := r.history[server]; len(h) < recent {
		r.history[server] = append(h, x)
		return
	}
	r.history[server][r.oldest[server]] = x
	r.oldest[server] = (r.oldest[server] + 1) % recent
}

// lose forgets what a server knew: it has failed.
func (r *reports) lose(server int) {
	r.present[server], r.oldest[server] = 0, 0
	r.history[server] = r.history[server][:0]
}

// startReports begins to keep latencies, at the first probe.
func (e *engine) startReports() {
	r := &e.reports
	r.on = true
	for range e.requests {
		r.begun = append(r.begun, latency{seconds: -1})
	}
	for j := range r.present {
		cpu, io := &e.stations[2*j], &e.stations[2*j+1]
		r.present[j] = int32(cpu.busy.len() + cpu.queue.n + io.busy.len())
	}
}

// Probe implements dispatch.Reports: the median is over those of the server's
// last 64 requests that came at the nearest number in flight, or one beside it.
func (e *engine) Probe(server int) (inFlight int32, seconds float64) {
	if !e.reports.on {
		e.startReports()
	}
	inFlight = e.reports.present[server]
	nearest := int32(math.MaxInt32)
	for _, x := range e.reports.history[server] {
		nearest = min(nearest, distance(x.inFlight, inFlight))
	}
	var near [recent]float64
	n := 0
	for _, x := range e.reports.history[server] {
		if distance(x.inFlight, inFlight) <= nearest+1 {
			near[n] = x.seconds
			n++
		}
	}
	if n == 0 {
		return inFlight, 0
	}
	slices.Sort(near[:n])
	return inFlight, near[n/2]
}

func distance(a, b int32) int32 { return max(a-b, b-a) }

// Load implements dispatch.Reports.
func (e *engine) Load(server int) (completed int, busy float64) {
	return int(e.reports.completed[server]), e.stations[2*server].usedAt(e.now)
}
