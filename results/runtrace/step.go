package runtrace

import (
	"errors"
	"fmt"
	"math"
)

// Step is what happened in one step interval. The first one of an episode, at time 0, has
// what was there as it began.
type Step struct {
	Time float64 `json:"time_s"`           // s since the episode began, of the interval's end
	Late float64 `json:"late_s,omitempty"` // s, by which a live step was taken after that
	End  bool    `json:"end,omitempty"`    // the last line: no more requests arrived, and those in flight ended

	Queue    []int     `json:"queue,omitempty"`    // by server, requests there at the interval's end, served or waiting; none: not known
	Capacity []float64 `json:"capacity,omitempty"` // by server, what its processors can do, in nominal ones; written where it is not what it was before
	Out      []int     `json:"out,omitempty"`      // servers, by index, that get no requests: drained or failed

	Weights   [][]float64 `json:"weights,omitempty"`   // by LB and server, set at the interval's beginning; none: nobody sets weights
	Arrived   int         `json:"arrived,omitempty"`   // requests, at all LBs; counted where Sent is
	Sent      [][]int     `json:"sent,omitempty"`      // by LB and server, requests that it chose the server for; none: not known
	Completed [][]int     `json:"completed,omitempty"` // by LB and server, requests that ended well; none: there were none
	Failed    [][]int     `json:"failed,omitempty"`    // by LB and server, requests that failed

	Ended Ended `json:"ended"`
}

// Ended is of the requests that ended in an interval, at whatever server or none. A
// request that failed counts at its timeout.
type Ended struct {
	Count  int     `json:"count"`
	Failed int     `json:"failed,omitempty"`
	Mean   float64 `json:"mean_s,omitempty"` // s from arrival to completion
	P50    float64 `json:"p50_s,omitempty"`
	P90    float64 `json:"p90_s,omitempty"`
	P99    float64 `json:"p99_s,omitempty"`
	Times  Times   `json:"times,omitempty"` // their distribution, by which several intervals have quantiles together
}

// check returns every fault of a step that follows one which ended at the time before;
// before the first that is negative.
func (s *Step) check(h *Header, before float64) error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	const least = 0
	finite := func(name string, x float64) {
		check(x >= least && !math.IsInf(x, 0), "%s = %g: must be finite and not negative", name, x)
	}
	finite("time_s", s.Time)
	check(s.Time > before || s.End && s.Time == before, "time_s = %g: must be more than %g, the time of the line before", s.Time, before)
	finite("late_s", s.Late)
	n := len(h.Servers)
	if s.Queue != nil {
		check(len(s.Queue) == n, "queue: %d numbers: must be %d, one a server", len(s.Queue), n)
	}
	for j, q := range s.Queue {
		check(q >= 0, "queue[%d] = %d: must not be negative", j, q)
	}
	if s.Capacity != nil {
		check(len(s.Capacity) == n, "capacity: %d numbers: must be %d, one a server", len(s.Capacity), n)
	}
	for j, c := range s.Capacity {
		finite(fmt.Sprintf("capacity[%d]", j), c)
	}
	for k, j := range s.Out {
		check(j >= 0 && j < n, "out[%d] = %d: must be a server, 0 to %d", k, j, n-1)
	}
	checkMatrix(check, "weights", s.Weights, h, "must be positive and finite", func(w float64) bool { return w > 0 && !math.IsInf(w, 0) })
	check(s.Arrived >= 0, "arrived = %d: must not be negative", s.Arrived)
	for _, m := range []struct {
		name   string
		counts [][]int
	}{{"sent", s.Sent}, {"completed", s.Completed}, {"failed", s.Failed}} {
		checkMatrix(check, m.name, m.counts, h, "must not be negative", func(x int) bool { return x >= 0 })
	}
	e := &s.Ended
	check(e.Count >= 0, "ended.count = %d: must not be negative", e.Count)
	check(e.Failed >= 0 && e.Failed <= e.Count, "ended.failed = %d: must be 0 to %d, ended.count", e.Failed, e.Count)
	for _, x := range []struct {
		name  string
		value float64
	}{{"mean_s", e.Mean}, {"p50_s", e.P50}, {"p90_s", e.P90}, {"p99_s", e.P99}} {
		finite("ended."+x.name, x.value)
	}
	faults = append(faults, e.Times.check(e.Count)...)
	return errors.Join(faults...)
}

// checkMatrix checks a matrix of a number for each server of each load balancer; none is
// whole.
func checkMatrix[T any](check func(bool, string, ...any), name string, m [][]T, h *Header, rule string, good func(T) bool) {
	if m == nil {
		return
	}
	check(len(m) == h.LBs, "%s: %d rows: must be %d, one a load balancer", name, len(m), h.LBs)
	for i, row := range m {
		check(len(row) == len(h.Servers), "%s[%d]: %d numbers: must be %d, one a server", name, i, len(row), len(h.Servers))
		for j, x := range row {
			check(good(x), "%s[%d][%d] = %v: %s", name, i, j, x, rule)
		}
	}
}
