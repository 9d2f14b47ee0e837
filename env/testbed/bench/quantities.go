//go:build linux

package main

import (
	"math"
	"slices"
)

// bar is what a ratio of fairlb's value and another's is asked to be.
type bar struct {
	atLeast bool // or at most
	ratio   float64
}

func (b bar) met(ratio float64) bool {
	if b.atLeast {
		return ratio >= b.ratio
	}
	return ratio <= b.ratio
}

// quantity is something that is compared.
type quantity struct {
	name, unit string
	work       string
	of         func(sample) float64
	bar        *bar // beside HAProxy; nil: none
}

var quantities = []quantity{
	{"CPU a short connection, open loop", "us", openWork, cpuOfConnection, &bar{ratio: 1}},
	{"CPU a short connection, closed loop", "us", closedWork, cpuOfConnection, &bar{ratio: 1}},
	{"connections a second, closed loop", "/s", closedWork, func(s sample) float64 { return float64(s.Completed) / s.Elapsed }, &bar{atLeast: true, ratio: 1}},
	{"p99 of a connection, closed loop", "us", closedWork, func(s sample) float64 { return s.P99 }, &bar{ratio: 1}},
	{"p99 of a connection, open loop", "us", openWork, func(s sample) float64 { return s.P99 }, nil},
	{"CPU a GB, responses of 1 MB", "s", largeWork, func(s sample) float64 { return s.CPU / (1e-9 * float64(s.Bytes)) }, &bar{ratio: 0.6}},
}

func cpuOfConnection(s sample) float64 { return 1e6 * s.CPU / float64(s.Completed) }

// spread is a median, and the least and the most.
type spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

// spreadOf is the spread of x, which must not be empty.
func spreadOf(x []float64) spread {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return spread{Median: (x[(n-1)/2] + x[n/2]) / 2, Least: x[0], Most: x[n-1]}
}

// comparison is one quantity of one balancer, with fairlb's beside it.
type comparison struct {
	Quantity string  `json:"quantity"`
	Unit     string  `json:"unit"`
	Balancer string  `json:"balancer"`
	Value    spread  `json:"value"`
	Ratio    *spread `json:"ratio,omitempty"` // of fairlb's values and this one's, turn by turn
	Bar      string  `json:"bar,omitempty"`
	Met      string  `json:"met,omitempty"`
}

// subject is the balancer that the others are compared with.
const subject = "fairlb"

// compareSamples computes every quantity of every balancer that was measured, in the
// order of names.
func compareSamples(samples []sample, names []string) []comparison {
	var all []comparison
	for _, q := range quantities {
		ours := q.byTurn(samples, subject)
		for _, name := range names {
			values := q.byTurn(samples, name)
			if len(values) == 0 {
				continue
			}
			c := comparison{Quantity: q.name, Unit: q.unit, Balancer: name, Value: spreadOf(inOrder(values))}
			if ratios := ratiosOf(ours, values); name != subject && len(ratios) > 0 {
				ratio := spreadOf(ratios)
				c.Ratio = &ratio
				if q.bar != nil && name == "haproxy" {
					c.Bar, c.Met = q.bar.String(), yesNo(q.bar.met(ratio.Median))
				}
			}
			all = append(all, c)
		}
	}
	return all
}

// byTurn returns the values of a balancer, by turn; those of turns in which nothing
// completed are left out.
func (q quantity) byTurn(samples []sample, balancer string) map[int]float64 {
	values := map[int]float64{}
	for _, s := range samples {
		if v := q.of(s); s.Balancer == balancer && s.Work == q.work && s.Completed > 0 && !math.IsNaN(v) {
			values[s.Turn] = v
		}
	}
	return values
}

// ratiosOf are those of the turns that both have, in order.
func ratiosOf(ours, theirs map[int]float64) []float64 {
	ratios := map[int]float64{}
	for turn, x := range ours {
		if y, both := theirs[turn]; both && y > 0 {
			ratios[turn] = x / y
		}
	}
	return inOrder(ratios)
}

// inOrder returns the values of a map by rising key.
func inOrder(values map[int]float64) []float64 {
	var turns []int
	for turn := range values {
		turns = append(turns, turn)
	}
	slices.Sort(turns)
	x := make([]float64, len(turns))
	for k, turn := range turns {
		x[k] = values[turn]
	}
	return x
}
