package figure

import (
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"fairlb/env"
)

var _ env.Recorder = (*CompletionRecorder)(nil)

// CompletionRecorder keeps the completion times of one episode by class of
// requests; of a request that failed, its timeout.
type CompletionRecorder struct {
	done, failed [][]float64 // s, by class
}

// NewCompletionRecorder makes room for that many classes.
func NewCompletionRecorder(classes int) *CompletionRecorder {
	return &CompletionRecorder{done: make([][]float64, classes), failed: make([][]float64, classes)}
}

// Record implements env.Recorder.
func (r *CompletionRecorder) Record(o env.Outcome) {
	list := r.done
	if o.Failed {
		list = r.failed
	}
	list[o.Class] = append(list[o.Class], o.Completion)
}

// Distribution is how the completion times of one class of requests are
// distributed: their mean and the quantiles at the parts that Quantiles lists,
// in s. A failed request counts at its timeout, but in Done and Longest, which
// leave it out.
type Distribution struct {
	N, Failed int // requests, and those of them that failed
	Mean      float64
	All       []float64 // quantiles of all requests; empty without any
	Done      []float64 // quantiles of those that did not fail; empty without any
	Longest   float64   // of those that did not fail
}

// Quantiles are the parts of the requests at which a distribution is kept: each
// half percent up to 99 %, then each tenth up to 99.9 %, 99.95 and 99.99 %.
func Quantiles() []float64 {
	var p []float64
	for k := 1; k <= 198; k++ {
		p = append(p, float64(k)/200)
	}
	for k := 991; k <= 999; k++ {
		p = append(p, float64(k)/1000)
	}
	return append(p, 0.9995, 0.9999)
}

// QuantileColumn is the column of recorded files that has the quantiles at a part of the
// requests: of those that did not fail, or of all.
func QuantileColumn(done bool, part float64) string {
	name := "all_"
	if done {
		name = "done_"
	}
	return name + strconv.FormatFloat(part, 'g', -1, 64)
}

// Quantile returns the quantile of all requests at the part p, which must be one
// of Quantiles.
func (d *Distribution) Quantile(p float64) float64 {
	return d.All[slices.Index(Quantiles(), p)]
}

// Distributions sums up episodes, such as those of several seeds, as one
// distribution a class of requests.
func Distributions(episodes []*CompletionRecorder) []Distribution {
	var out []Distribution
	for class := range episodes[0].done {
		var done, failed []float64
		for _, e := range episodes {
			done = append(done, e.done[class]...)
			failed = append(failed, e.failed[class]...)
		}
		out = append(out, distribution(done, failed))
	}
	return out
}

// NewDistribution sums up times of which none is of a failure.
func NewDistribution(times []float64) Distribution { return distribution(slices.Clone(times), nil) }

// distribution sums up the times of requests that were done and the timeouts of
// those that failed. It sorts done.
func distribution(done, failed []float64) Distribution {
	all := slices.Concat(done, failed)
	d := Distribution{N: len(all), Failed: len(failed)}
	if d.N == 0 {
		return d
	}
	slices.Sort(done)
	slices.Sort(all)
	d.Mean = stat.Mean(all, nil)
	d.All = quantiles(all)
	if len(done) > 0 {
		d.Done, d.Longest = quantiles(done), done[len(done)-1]
	}
	return d
}

// quantiles returns the quantiles of sorted times at the parts of Quantiles.
func quantiles(sorted []float64) []float64 {
	var list []float64
	for _, p := range Quantiles() {
		list = append(list, QuantileOf(sorted, p))
	}
	return list
}

// QuantileOf returns the least of the sorted values that at least the part p of
// them does not exceed.
func QuantileOf(sorted []float64, p float64) float64 {
	return stat.Quantile(p, stat.Empirical, sorted, nil)
}
