package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/env"
)

var _ env.Recorder = (*Windows)(nil)

// Windows sums up what each group of servers gets in each window of one
// episode, by time of arrival: requests, and the work that they bring.
type Windows struct {
	length   float64             // s
	skip     int                 // windows at the beginning, in which queues fill
	group    []int               // by server
	demands  map[float64]float64 // s of service, by the request's time of arrival
	requests [][]float64         // by window and group
	work     [][]float64         // s, by window and group
}

// NewWindows returns the sums of an episode of the given duration. warmup and
// what is left of the duration after the last whole window are not looked at;
// all three are in s. group is the group of each server, from 0; demands are
// the s of service that requests need in all, by their time of arrival.
func NewWindows(duration, warmup, length float64, group []int, demands map[float64]float64) (*Windows, error) {
	w := &Windows{length: length, skip: int(math.Ceil(warmup / length)), group: group, demands: demands}
	n := int(math.Floor(duration/length + 1e-9))
	if !(length > 0) || !(warmup >= 0) || n <= w.skip {
		return nil, fmt.Errorf("figure: no whole window of %g s after the first %g s of %g s", length, warmup, duration)
	}
	groups := 1 + slices.Max(group)
	for range n {
		w.requests = append(w.requests, make([]float64, groups))
		w.work = append(w.work, make([]float64, groups))
	}
	return w, nil
}

// Record implements env.Recorder. A request counts for the server that it was
// sent to, whatever became of it there.
func (w *Windows) Record(o env.Outcome) {
	k := int(o.Arrival / w.length)
	if o.Server >= 0 && k < len(w.work) {
		w.requests[k][w.group[o.Server]]++
		w.work[k][w.group[o.Server]] += w.demands[o.Arrival]
	}
}

// Work returns, for each window, how many times as much work a server of group
// large got as one of group small; +Inf where the small ones got none. A window
// in which neither got any has no ratio.
func (w *Windows) Work(large, small int) []float64 { return w.ratios(w.work, large, small) }

// Requests is Work with each request for as much as any other.
func (w *Windows) Requests(large, small int) []float64 { return w.ratios(w.requests, large, small) }

func (w *Windows) ratios(sums [][]float64, large, small int) []float64 {
	servers := make(map[int]float64)
	for _, g := range w.group {
		servers[g]++
	}
	var out []float64
	for _, c := range sums[w.skip:] {
		if c[large]+c[small] > 0 {
			out = append(out, (c[large]/servers[large])/(c[small]/servers[small]))
		}
	}
	return out
}

// Fair is the data of Figure 2a: by application profile, how the work is split
// between large and small servers by a rule that knows all.
type Fair struct {
	Window   float64 // s
	Warmup   float64 // s at the beginning of each episode that are left out
	Duration float64 // s of an episode
	Seeds    []uint64
	Nearly   float64 // fixed weights do nearly as well whose mean is at most this part above the least
	Profiles []FairProfile
}

// FairProfile is one application profile of Fair. Its ratios are of a large
// server to a small one.
type FairProfile struct {
	Name, Scenario string

	Work       []float64 // of the windows of all seeds, rising
	Requests   []float64 // the same of the numbers of requests
	Tuned      float64   // of the best fixed weights
	TunedLow   float64   // the least and the greatest of fixed weights that do
	TunedHigh  float64   // nearly as well
	Processors float64   // of SED's weights
}

// Quantile returns the value that a part p of rising values does not exceed.
func Quantile(p float64, rising []float64) float64 {
	return stat.Quantile(p, stat.Empirical, rising, nil)
}
