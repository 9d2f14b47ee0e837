package visibility

import (
	"math"
	"sort"

	"fairlb/env"
)

// Window is the time (s) over which the true CPU use of a server is taken.
const Window = 0.1

// Answer is what a server says of itself when it is probed.
type Answer struct {
	Read       float64 `json:"read_s"`     // when the server was as it says, by its own clock
	Received   float64 `json:"received_s"` // when the controller has it
	Requests   int     `json:"requests"`   // that the server holds
	CPUTime    float64 `json:"cpu_s"`      // processor time that it has used so far
	Processors int     `json:"processors"`
}

// Observation is the true load of servers at moments of an episode, by server and moment.
type Observation struct {
	Times    []float64   `json:"times_s"` // rising
	Requests [][]float64 `json:"requests"`
	CPUUse   [][]float64 `json:"cpu_use"` // part of the processors' time in the Window before, in whole per cent
}

// Measure is a load that is compared.
type Measure int

// The measures.
const (
	Requests Measure = iota
	CPUUse
	NumMeasures // their number
)

// Name is the measure's name in files.
func (m Measure) Name() string { return [...]string{"requests", "cpu_use"}[m] }

// Load returns a measure by server and moment.
func (o *Observation) Load(m Measure) [][]float64 {
	if m == CPUUse {
		return o.CPUUse
	}
	return o.Requests
}

// wholePercent rounds a part of the processors' time to whole per cent, at most all of it, as
// meters show it. Servers that are busy all the time are equal then, however times are
// rounded.
func wholePercent(use float64) float64 { return min(1, math.Round(100*use)/100) }

// held is the requests that a server holds, in service or waiting.
func held(t *env.Truth, server int) int { return t.Running[server] + t.Backlog[server] }

// Believed returns what a controller believes at the moments of an observation, by server
// and moment, given the answers of each server in the order in which they came: the
// requests of the last answer, or the mean CPU use between that and the latest one which is
// a Window older, the one before at least. Without answers it believes nothing (NaN).
func (o *Observation) Believed(m Measure, answers [][]Answer) [][]float64 {
	believed := make([][]float64, len(answers))
	for j, list := range answers {
		believed[j] = make([]float64, len(o.Times))
		for k, now := range o.Times {
			known := sort.Search(len(list), func(i int) bool { return list[i].Received > now })
			believed[j][k] = m.of(list[:known])
		}
	}
	return believed
}

// of is the load that the last of some answers tells; NaN if too few have come.
func (m Measure) of(answers []Answer) float64 {
	n := len(answers)
	switch {
	case m == Requests && n >= 1:
		return float64(answers[n-1].Requests)
	case m == CPUUse && n >= 2:
		last := answers[n-1]
		before := n - 2
		for before > 0 && answers[before].Read > last.Read-Window {
			before--
		}
		first := answers[before]
		if span := last.Read - first.Read; span > 0 && last.Processors > 0 {
			return wholePercent((last.CPUTime - first.CPUTime) / (span * float64(last.Processors)))
		}
	}
	return math.NaN()
}
