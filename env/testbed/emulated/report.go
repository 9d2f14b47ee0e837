package emulated

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds beyond which the servers were not what they should be: half a ms is a tenth of
// what a static page takes, and a loop that hardly sleeps is late without knowing it.
const (
	doubtfulLateness = 2 * time.Millisecond // 99th percentile
	doubtfulBusy     = 0.9                  // part of the time
)

// Counts are what became of the connections and requests of one server.
type Counts struct {
	Accepted  int64 // connections
	Completed int64 // requests that were answered after their last stage, and answers without stages
	Refused   int64 // times that a request found the backlog full, or its server failing fast
	Lost      int64 // requests that the server had as it failed
	Gone      int64 // requests whose client went before the answer; they were served all the same
	Malformed int64 // requests that were none
	Silent    int64 // connections that sent no whole request in time
	Excess    int64 // connections beyond MaxConnections
}

// Report is how a run of the servers went.
type Report struct {
	Elapsed time.Duration
	Busy    float64 // part of the time in which the loop did not sleep
	Servers []Counts
	Told    int64 // messages in which servers told load balancers how many requests they have

	// Lateness of completions, from when the model has them until they were seen (us).
	Lateness *hdrhistogram.Histogram
}

// LatenessAt returns a percentile of the lateness.
func (r *Report) LatenessAt(percentile float64) time.Duration {
	return time.Duration(r.Lateness.ValueAtPercentile(percentile)) * time.Microsecond
}

// Doubts says why the run is no measurement, if it is none.
func (r *Report) Doubts() []string {
	var doubts []string
	if late := r.LatenessAt(99); late > doubtfulLateness {
		doubts = append(doubts, fmt.Sprintf("the emulated servers were late: %s at the 99th percentile, more than %s", late, doubtfulLateness))
	}
	if r.Busy > doubtfulBusy {
		doubts = append(doubts, fmt.Sprintf("the emulated servers' loop was busy for %.0f %% of the time, more than %.0f %%", 100*r.Busy, 100*doubtfulBusy))
	}
	return doubts
}

// Doubts says why what the servers did since Run or Restart began is no measurement, if it
// is none.
func (s *Servers) Doubts() []string {
	r := s.Report()
	return r.Doubts()
}
