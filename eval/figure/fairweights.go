package figure

import (
	"fmt"
	"math"
	"slices"

	"fairlb/env"
)

var _ env.Recorder = (*WorkRecorder)(nil)

// WorkRecorder sums up what each group of servers gets in each window of one
// episode, by time of arrival: requests, and the work that they bring.
type WorkRecorder struct {
	length   float64             // s
	skip     int                 // windows at the beginning, in which queues fill
	group    []int               // by server
	demands  map[float64]float64 // s of service, by the request's time of arrival
	requests [][]float64         // by window and group
	work     [][]float64         // s, by window and group
}

// NewWorkRecorder returns the recorder of an episode of the given duration, in
// windows of the given length. What arrives within warmup or after the last whole
// window does not count; all three are in s. group is the group of each server,
// from 0; demands are the s of service that requests need in all, by their time
// of arrival.
func NewWorkRecorder(duration, warmup, length float64, group []int, demands map[float64]float64) (*WorkRecorder, error) {
	w := &WorkRecorder{length: length, skip: int(math.Ceil(warmup / length)), group: group, demands: demands}
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
func (w *WorkRecorder) Record(o env.Outcome) {
	k := int(o.Arrival / w.length)
	if o.Server >= 0 && k < len(w.work) {
		w.requests[k][w.group[o.Server]]++
		w.work[k][w.group[o.Server]] += w.demands[o.Arrival]
	}
}

// WorkRatios returns, for each window, how many times as much work a server of
// group large got as one of group small; +Inf where the small ones got none. A
// window in which neither got any has no ratio.
func (w *WorkRecorder) WorkRatios(large, small int) []float64 { return w.ratios(w.work, large, small) }

// RequestRatios is WorkRatios with the number of requests in place of their work.
func (w *WorkRecorder) RequestRatios(large, small int) []float64 {
	return w.ratios(w.requests, large, small)
}

func (w *WorkRecorder) ratios(sums [][]float64, large, small int) []float64 {
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

// FairWeights says which weights are fair for each of some application profiles:
// how a rule that knows all remaining work splits it between large and small
// servers, and which fixed weights come nearest to that.
type FairWeights struct {
	Figure    string  // as the paper numbers it: "Figure 2a"
	Window    float64 // s, of the windows in which work is summed up
	Warmup    float64 // s at the beginning of each episode that do not count
	Duration  float64 // s of an episode
	Seeds     []uint64
	Tolerance float64 // fixed weights are nearly as good as the best whose mean completion time is at most this part above its
	Profiles  []FairWeightsProfile
}

// FairWeightsProfile is one application profile. All ratios are of a large
// server to a small one.
type FairWeightsProfile struct {
	Name, Scenario string

	WorkRatios    []float64 // of the windows of all seeds, rising
	RequestRatios []float64 // the same of the numbers of requests
	BestFixed     float64   // of the best fixed weights
	LeastGood     float64   // the least and the greatest ratio of fixed
	GreatestGood  float64   // weights that are nearly as good
	Processors    float64   // of SED's weights
}
