package guard

import (
	"math"

	"fairlb/env"
)

// Limits keep weights from starving a server and from jumping. They act on one LB.
type Limits struct {
	cfg   LimitsConfig
	last  []float64 // log-weights that were written last; NaN: none
	time  float64   // s, when they were
	begun bool
}

// NewLimits returns limits before anything was written.
func NewLimits(cfg LimitsConfig) *Limits { return &Limits{cfg: cfg} }

// Apply changes weights, which are positive and finite, to what may be written at a
// step's time, given what the LB counted at its servers; nil: all are there. Only ratios of
// weights count, so the change of one is that against the mean log-weight of all. Servers
// that have joined are free.
func (l *Limits) Apply(weights []float64, counts []env.ServerCounts, now float64) {
	l.floor(weights, counts)
	if l.cfg.MaxRate > 0 && l.begun {
		l.slow(weights, counts, l.cfg.MaxRate*max(0, now-l.time))
	}
	l.Wrote(weights, now)
}

// Wrote notes weights that were written without limits, from which the next ones go on.
func (l *Limits) Wrote(weights []float64, now float64) {
	for len(l.last) < len(weights) {
		l.last = append(l.last, math.NaN())
	}
	for j, w := range weights {
		l.last[j] = math.Log(w)
	}
	l.time, l.begun = now, true
}

// floor raises weights that are less than a part of the mean of those that count.
func (l *Limits) floor(weights []float64, counts []env.ServerCounts) {
	if l.cfg.Floor == 0 {
		return
	}
	sum, n := 0.0, 0
	for j, w := range weights {
		if in(counts, j) {
			sum += w
			n++
		}
	}
	if n == 0 {
		return
	}
	least := l.cfg.Floor * sum / float64(n)
	for j := range weights {
		weights[j] = max(weights[j], least)
	}
}

// slow lets no log-weight change by more than limit, against the mean.
func (l *Limits) slow(weights []float64, counts []env.ServerCounts, limit float64) {
	var before, after, n float64
	for j, w := range weights {
		if l.known(counts, j) {
			before += l.last[j]
			after += math.Log(w)
			n++
		}
	}
	if n == 0 {
		return
	}
	shift := (after - before) / n
	for j, w := range weights {
		if l.known(counts, j) {
			from := l.last[j] + shift
			weights[j] = math.Exp(min(max(math.Log(w), from-limit), from+limit))
		}
	}
}

// known says whether a server is there and had a weight before.
func (l *Limits) known(counts []env.ServerCounts, j int) bool {
	return j < len(l.last) && !math.IsNaN(l.last[j]) && (counts == nil || !counts[j].Absent && !counts[j].Joined)
}

// in says whether a server gets flows.
func in(counts []env.ServerCounts, j int) bool {
	return counts == nil || !counts[j].Absent && !counts[j].Out
}
