package figure

import (
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/env"
)

var _ env.Recorder = (*Requests)(nil)

// Requests keeps the completion times of one episode by class; of a request
// that failed, its timeout.
type Requests struct {
	done, failed [][]float64 // s, by class
}

// NewRequests makes room for that many classes.
func NewRequests(classes int) *Requests {
	return &Requests{done: make([][]float64, classes), failed: make([][]float64, classes)}
}

// Record implements env.Recorder.
func (r *Requests) Record(o env.Outcome) {
	list := r.done
	if o.Failed {
		list = r.failed
	}
	list[o.Class] = append(list[o.Class], o.Completion)
}

// Completions are the quantiles of the completion times of one class, in s: of
// as many requests as N, the mean, and a quantile for each of Quantiles. There a
// failed request counts at its timeout; Done and Longest are without those.
type Completions struct {
	N, Failed int // requests, and those of them that failed
	Mean      float64
	Values    []float64 // by Quantiles; empty without requests
	Done      []float64 // of those that did not fail, by Quantiles; empty without any
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

// At returns the value at the part p, which must be one of Quantiles.
func (c *Completions) At(p float64) float64 {
	return c.Values[slices.Index(Quantiles(), p)]
}

// Distribute joins the requests of several seeds, by class.
func Distribute(episodes []*Requests) []Completions {
	var out []Completions
	for class := range episodes[0].done {
		var done, failed []float64
		for _, e := range episodes {
			done = append(done, e.done[class]...)
			failed = append(failed, e.failed[class]...)
		}
		out = append(out, distribute(done, failed))
	}
	return out
}

// distribute sums up times of requests that were done and timeouts of those
// that failed. It sorts done.
func distribute(done, failed []float64) Completions {
	all := slices.Concat(done, failed)
	c := Completions{N: len(all), Failed: len(failed)}
	if c.N == 0 {
		return c
	}
	slices.Sort(done)
	slices.Sort(all)
	c.Mean = stat.Mean(all, nil)
	c.Values = quantiles(all)
	if len(done) > 0 {
		c.Done, c.Longest = quantiles(done), done[len(done)-1]
	}
	return c
}

// quantiles returns the quantile for each of Quantiles of times that rise.
func quantiles(times []float64) []float64 {
	var list []float64
	for _, p := range Quantiles() {
		list = append(list, stat.Quantile(p, stat.Empirical, times, nil))
	}
	return list
}
