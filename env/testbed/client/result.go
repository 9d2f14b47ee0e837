package client

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Failure is why a request failed.
type Failure uint8

const (
	Refused   Failure = iota // nobody listened, or the connection was broken off before an answer, as often as it was tried
	BrokenOff                // the connection was broken off in an answer
	Ended                    // the connection ended before the whole answer
	TimedOut                 // no whole answer came in time
	Status                   // the answer's status was not 200
	Malformed                // the answer was not HTTP/1
	Unsent                   // there was no connection to send it by: the client's own fault
	failures
)

// String names the failure.
func (f Failure) String() string {
	return [failures]string{"refused", "broken off", "ended", "timed out", "status", "malformed", "unsent"}[f]
}

// Bounds beyond which the client was itself the bottleneck.
const (
	doubtfulLateness = 2 * time.Millisecond // 99th percentile
	doubtfulBusy     = 0.9                  // part of the time
)

// Class is what became of the requests of one class.
type Class struct {
	Name      string
	Completed int64
	Failed    [failures]int64 // by Failure

	Sum          float64 // s, the times of all from when they were due, failed ones at the timeout
	CompletedSum float64 // s, those of the completed ones

	// Times of all requests (us), failed ones at the timeout: from when they were due, and
	// from when they were sent.
	FromDue, FromSent *hdrhistogram.Histogram
}

// Failures returns how many failed.
func (c Class) Failures() (n int64) {
	for _, k := range c.Failed {
		n += k
	}
	return n
}

// Mean returns the mean time (s) of all requests, failed ones at the timeout.
func (c Class) Mean() float64 { return c.Sum / float64(c.Completed+c.Failures()) }

// Result is what became of a run's requests.
type Result struct {
	Elapsed time.Duration
	Classes []Class // as configured
	Retries int64   // tries after a refusal
	Reused  int64   // requests that were sent by a connection of an earlier one

	// Lateness of requests, from when they were due until they were sent (us).
	Lateness *hdrhistogram.Histogram
	Busy     float64 // part of the time in which the loop did not sleep
}

// All returns what became of all requests, of whatever class.
func (r *Result) All() Class {
	all := newClass("all", r.Classes[0].FromDue.HighestTrackableValue())
	for k := range r.Classes {
		c := &r.Classes[k]
		all.Completed += c.Completed
		for f, n := range c.Failed {
			all.Failed[f] += n
		}
		all.Sum += c.Sum
		all.CompletedSum += c.CompletedSum
		all.FromDue.Merge(c.FromDue)
		all.FromSent.Merge(c.FromSent)
	}
	return all
}

// LatenessAt returns a percentile of the lateness.
func (r *Result) LatenessAt(percentile float64) time.Duration {
	return time.Duration(r.Lateness.ValueAtPercentile(percentile)) * time.Microsecond
}

// Doubts says why the run is no measurement, if the client made it none.
func (r *Result) Doubts() []string {
	var doubts []string
	if late := r.LatenessAt(99); late > doubtfulLateness {
		doubts = append(doubts, fmt.Sprintf("requests were sent late: %s at the 99th percentile, more than %s", late, doubtfulLateness))
	}
	if r.Busy > doubtfulBusy {
		doubts = append(doubts, fmt.Sprintf("the client was busy for %.0f %% of the time, more than %.0f %%", 100*r.Busy, 100*doubtfulBusy))
	}
	if all := r.All(); all.Failed[Unsent] > 0 {
		doubts = append(doubts, fmt.Sprintf("%d requests had no connection", all.Failed[Unsent]))
	}
	return doubts
}

// newClass returns a class without requests; times are up to most us.
func newClass(name string, most int64) Class {
	return Class{Name: name, FromDue: hdrhistogram.New(1, most, 3), FromSent: hdrhistogram.New(1, most, 3)}
}

// record adds a time (s), or the largest that the histogram has.
func record(h *hdrhistogram.Histogram, seconds float64) {
	_ = h.RecordValue(min(int64(seconds*1e6), h.HighestTrackableValue())) // within bounds
}
