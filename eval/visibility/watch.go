package visibility

import (
	"sort"

	"fairlb/env"
)

// Watch observes the true load of servers that live in real time, whose state is looked at
// about each Spacing.
type Watch struct {
	times      []float64 // s, rising
	requests   [][]float64
	cpuTime    [][]float64 // s, by look and server, as requests
	processors [][]float64
}

// Add adds what is seen now (s). Looks must be in order of time.
func (w *Watch) Add(now float64, t *env.Truth) {
	requests, cpuTime, processors := make([]float64, len(t.Running)), make([]float64, len(t.Running)), make([]float64, len(t.Running))
	for j := range requests {
		requests[j], cpuTime[j], processors[j] = float64(held(t, j)), t.CPUTime[j], float64(t.CPUs[j])
	}
	w.times, w.requests = append(w.times, now), append(w.requests, requests)
	w.cpuTime, w.processors = append(w.cpuTime, cpuTime), append(w.processors, processors)
}

// Observation returns what was seen from a time (s) on. The Window of a look begins at the
// last look that is a Window before it or longer; looks without one are left out.
func (w *Watch) Observation(from float64) *Observation {
	o := &Observation{}
	for k, now := range w.times {
		before := sort.Search(k, func(i int) bool { return w.times[i] > now-Window }) - 1
		if now < from || before < 0 {
			continue
		}
		if o.Requests == nil {
			o.Requests, o.CPUUse = make([][]float64, len(w.requests[k])), make([][]float64, len(w.requests[k]))
		}
		o.Times = append(o.Times, now)
		for j, x := range w.requests[k] {
			o.Requests[j] = append(o.Requests[j], x)
			o.CPUUse[j] = append(o.CPUUse[j], wholePercent((w.cpuTime[k][j]-w.cpuTime[before][j])/((now-w.times[before])*w.processors[k][j])))
		}
	}
	return o
}
