package figure

import (
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/env"
)

var _ env.Recorder = (*Requests)(nil)

// Requests keeps the completion times of one episode by class; a request that
// failed has its timeout.
type Requests struct {
	times [][]float64 // s, by class
}

// NewRequests makes room for that many classes.
func NewRequests(classes int) *Requests {
	return &Requests{times: make([][]float64, classes)}
}

// Record implements env.Recorder.
func (r *Requests) Record(o env.Outcome) {
	r.times[o.Class] = append(r.times[o.Class], o.Completion)
}

// Completions are the quantiles of the completion times of one class, in s: of
// as many requests as N, the mean, and a quantile for each of Quantiles.
type Completions struct {
	N      int
	Mean   float64
	Values []float64 // by Quantiles; empty without requests
}

// Quantiles are the parts of the requests at which a distribution is kept: each
// half percent up to 99.5 %, then 99.9 %.
func Quantiles() []float64 {
	var p []float64
	for k := 1; k < 200; k++ {
		p = append(p, float64(k)/200)
	}
	return append(p, 0.999)
}

// At returns the value at the part p, which must be one of Quantiles.
func (c *Completions) At(p float64) float64 {
	return c.Values[slices.Index(Quantiles(), p)]
}

// Distribute joins the requests of several seeds, by class.
func Distribute(episodes []*Requests) []Completions {
	var out []Completions
	for class := range episodes[0].times {
		var all []float64
		for _, e := range episodes {
			all = append(all, e.times[class]...)
		}
		c := Completions{N: len(all)}
		if c.N > 0 {
			slices.Sort(all)
			c.Mean = stat.Mean(all, nil)
			for _, p := range Quantiles() {
				c.Values = append(c.Values, stat.Quantile(p, stat.Empirical, all, nil))
			}
		}
		out = append(out, c)
	}
	return out
}
