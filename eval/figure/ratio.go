package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/env"
)

var _ env.Recorder = (*Windows)(nil)

// Windows counts the requests that each group of servers gets in each window
// of one episode, by their time of arrival.
type Windows struct {
	length float64 // s
	skip   int     // windows at the beginning, in which queues fill
	group  []int   // by server
	counts [][]int // by window and group
}

// NewWindows returns the counter of an episode of the given duration. warmup
// and what is left of the duration after the last whole window are not looked
// at; all three are in s. group is the group of each server, from 0.
func NewWindows(duration, warmup, length float64, group []int) (*Windows, error) {
	w := &Windows{length: length, skip: int(math.Ceil(warmup / length)), group: group}
	n := int(math.Floor(duration/length + 1e-9))
	if !(length > 0) || !(warmup >= 0) || n <= w.skip {
		return nil, fmt.Errorf("figure: no whole window of %g s after the first %g s of %g s", length, warmup, duration)
	}
	groups := 1 + slices.Max(group)
	for range n {
		w.counts = append(w.counts, make([]int, groups))
	}
	return w, nil
}

// Record implements env.Recorder. A request counts for the server that it was
// sent to, whatever became of it there.
func (w *Windows) Record(o env.Outcome) {
	k := int(o.Arrival / w.length)
	if o.Server >= 0 && k < len(w.counts) {
		w.counts[k][w.group[o.Server]]++
	}
}

// Ratios returns, for each window, how many times as many requests a server of
// group large got as one of group small; +Inf where the small ones got none.
// A window in which neither got any has no ratio.
func (w *Windows) Ratios(large, small int) []float64 {
	servers := make(map[int]float64)
	for _, g := range w.group {
		servers[g]++
	}
	var out []float64
	for _, c := range w.counts[w.skip:] {
		if c[large]+c[small] > 0 {
			out = append(out, (float64(c[large])/servers[large])/(float64(c[small])/servers[small]))
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
	Profiles []FairProfile
}

// FairProfile is one application profile of Fair. Its ratios are of a large
// server to a small one.
type FairProfile struct {
	Name, Scenario string

	Ratios     []float64 // of the windows of all seeds, rising
	Tuned      float64   // of the best fixed weights
	Processors float64   // of SED's weights
}

// Quantile returns the ratio that a part p of the windows does not exceed.
func (f *FairProfile) Quantile(p float64) float64 {
	return stat.Quantile(p, stat.Empirical, f.Ratios, nil)
}
