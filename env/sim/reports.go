package sim

import (
	"math"
	"slices"

	"fairlb/env/dispatch"
)

var _ dispatch.Reports = (*engine)(nil)

// probeWindow is the number of latest latencies from which a server answers
// probes.
const probeWindow = 64

// serverReports is what servers can tell of themselves. Latencies are kept only
// from the first probe on, because most rules do not ask.
type serverReports struct {
	enabled   bool              // latencies are kept
	completed []int32           // by server, requests completed so far
	inFlight  []int32           // by server, requests that are there now
	history   [][]latencySample // by server, its latest completed requests; a ring once it is full
	oldest    []int             // by server, the index of the oldest in a full ring
	arrivals  []serverArrival   // by request
}

// serverArrival is the arrival of a request at its server.
type serverArrival struct {
	time     float64 // s; negative if it was before the first probe
	inFlight int32   // requests that were there before it
}

// latencySample is the latency of a request that a server has completed.
type latencySample struct {
	seconds  float64
	inFlight int32 // requests that were there when it arrived
}

func newServerReports(servers int) serverReports {
	return serverReports{completed: make([]int32, servers), inFlight: make([]int32, servers), history: make([][]latencySample, servers), oldest: make([]int, servers)}
}

func (r *serverReports) reset() {
	r.enabled = false
	clear(r.completed)
	clear(r.inFlight)
	clear(r.oldest)
	for j := range r.history {
		r.history[j] = r.history[j][:0]
	}
	r.arrivals = r.arrivals[:0]
}

// requestArrived notes that a request has reached its server.
func (r *serverReports) requestArrived(id uint32, server int, now float64) {
	r.inFlight[server]++
	if !r.enabled {
		return
	}
	for int(id) >= len(r.arrivals) {
		r.arrivals = append(r.arrivals, serverArrival{})
	}
	r.arrivals[id] = serverArrival{now, r.inFlight[server] - 1}
}

// requestCompleted notes that a server has completed a request.
func (r *serverReports) requestCompleted(id uint32, server int, now float64) {
	r.completed[server]++
	r.inFlight[server]--
	if !r.enabled {
		return
	}
	arrival := r.arrivals[id]
	if arrival.time < 0 {
		return
	}
	x := latencySample{now - arrival.time, arrival.inFlight}
	if h := r.history[server]; len(h) < probeWindow {
		r.history[server] = append(h, x)
		return
	}
	r.history[server][r.oldest[server]] = x
	r.oldest[server] = (r.oldest[server] + 1) % probeWindow
}

// serverFailed drops what a server knew, because it has failed.
func (r *serverReports) serverFailed(server int) {
	r.inFlight[server], r.oldest[server] = 0, 0
	r.history[server] = r.history[server][:0]
}

// enableReports begins to keep latencies, at the first probe. Of the requests that
// are at a server by then it is not known when they arrived.
func (e *engine) enableReports() {
	r := &e.reports
	r.enabled = true
	for range e.requests {
		r.arrivals = append(r.arrivals, serverArrival{time: -1})
	}
}

// Probe implements dispatch.Reports. Of the latest probeWindow requests that the
// server has completed, the median is over those that arrived when the number in
// flight was nearest to the present one, or one further from it.
func (e *engine) Probe(server int) (inFlight int32, seconds float64) {
	if !e.reports.enabled {
		e.enableReports()
	}
	inFlight = e.reports.inFlight[server]
	nearest := int32(math.MaxInt32)
	for _, x := range e.reports.history[server] {
		nearest = min(nearest, distance(x.inFlight, inFlight))
	}
	var near [probeWindow]float64
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

// distance returns how far apart two counts are.
func distance(a, b int32) int32 { return max(a-b, b-a) }

// Load implements dispatch.Reports.
func (e *engine) Load(server int) (completed int, busy float64) {
	return int(e.reports.completed[server]), e.servers.CPU(server).CPUTime(e.now)
}
