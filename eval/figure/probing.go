package figure

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"fairlb/eval"
	"fairlb/eval/visibility"
)

// Where episodes are played, as files name it.
const (
	SimulatedEnvironment = "sim"
	LiveEnvironment      = "testbed"
)

// EnvironmentName is what records call it.
func EnvironmentName(live bool) string {
	if live {
		return LiveEnvironment
	}
	return SimulatedEnvironment
}

// Probing says how well a controller that probes servers knows their load, and what the
// probes send, by how often it probes.
type Probing struct {
	Figure   string // as the paper numbers it: "Figure 9"
	Live     bool   // on real traffic, and not in the simulator
	Scenario string
	Target   string // what balances meanwhile
	Servers  int
	LBs      int
	Duration float64 // s of an episode
	Seeds    int     // episodes
	Points   []ProbingPoint
	Notes    []string // what else is to be said of the data
}

// ProbingPoint is one load that is known by one way.
type ProbingPoint struct {
	Frequency float64 // probes/s of each server; 0: no probes, but what a load balancer counts itself
	Measure   string  // of the load, by visibility.Measure.Name
	RMSE      Estimate
	Relative  Estimate
	Spearman  Estimate
	Across    Estimate
	Traffic   ProbeTraffic
}

// Estimate is a mean over episodes and its 95 % interval. What does not exist is NaN.
type Estimate struct{ Mean, Low, High float64 }

// ProbeTraffic is what the probes of all servers send, in bit/s.
type ProbeTraffic struct {
	Answers float64 `json:"answers"` // alone, each the paper's packet of 69 bytes
	Payload float64 `json:"payload"` // of probes and answers, without headers
	Wire    float64 `json:"wire"`    // with the headers of TCP and IP, acknowledgements included
}

// ProbingEpisode is what one episode came to.
type ProbingEpisode struct {
	Probes [][]ProbingQuality `json:"probes"` // by frequency and measure
	Counts ProbingQuality     `json:"counts"` // of load balancers, for the requests
	// Traffic is by frequency.
	Traffic []ProbeTraffic `json:"traffic"`
	// Late is by how much (s) the 99th percentile of the probes was sent too late, and Missed
	// how many were not sent, where that can be.
	Late   float64 `json:"late_s,omitempty"`
	Missed int     `json:"missed,omitempty"`
}

// ProbingQuality is a quality in JSON, where what does not exist is null.
type ProbingQuality struct{ visibility.Quality }

// MarshalJSON writes the values.
func (q ProbingQuality) MarshalJSON() ([]byte, error) {
	list := make([]*float64, 0, 4)
	for _, x := range []float64{q.RMSE, q.Relative, q.Spearman, q.Across} {
		if math.IsNaN(x) {
			list = append(list, nil)
		} else {
			list = append(list, &x)
		}
	}
	return json.Marshal(list)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (q *ProbingQuality) UnmarshalJSON(data []byte) error {
	var list [4]*float64
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for k, to := range []*float64{&q.RMSE, &q.Relative, &q.Spearman, &q.Across} {
		if *to = math.NaN(); list[k] != nil {
			*to = *list[k]
		}
	}
	return nil
}

// Alike says whether an episode has as many frequencies as another one, and is whole.
func (e *ProbingEpisode) Alike(frequencies int) bool {
	return len(e.Probes) == frequencies && len(e.Traffic) == frequencies &&
		!slices.ContainsFunc(e.Probes, func(row []ProbingQuality) bool { return len(row) != int(visibility.NumMeasures) })
}

// SetEpisodes sums up episodes in which so many frequencies were probed: the points of the
// counts, then of each measure.
func (p *Probing) SetEpisodes(frequencies []float64, list []ProbingEpisode) {
	p.Seeds, p.Points = len(list), nil
	collect := func(of func(*ProbingEpisode) float64) Estimate {
		var values []float64
		for k := range list {
			if x := of(&list[k]); !math.IsNaN(x) {
				values = append(values, x)
			}
		}
		var e Estimate
		e.Mean, e.Low, e.High = eval.MeanInterval(values)
		return e
	}
	add := func(frequency float64, m visibility.Measure, traffic ProbeTraffic, of func(*ProbingEpisode) visibility.Quality) {
		p.Points = append(p.Points, ProbingPoint{
			Frequency: frequency, Measure: m.Name(), Traffic: traffic,
			RMSE:     collect(func(e *ProbingEpisode) float64 { return of(e).RMSE }),
			Relative: collect(func(e *ProbingEpisode) float64 { return of(e).Relative }),
			Spearman: collect(func(e *ProbingEpisode) float64 { return of(e).Spearman }),
			Across:   collect(func(e *ProbingEpisode) float64 { return of(e).Across }),
		})
	}
	add(0, visibility.Requests, ProbeTraffic{}, func(e *ProbingEpisode) visibility.Quality { return e.Counts.Quality })
	for m := range visibility.NumMeasures {
		for f, frequency := range frequencies {
			traffic := ProbeTraffic{
				Answers: collect(func(e *ProbingEpisode) float64 { return e.Traffic[f].Answers }).Mean,
				Payload: collect(func(e *ProbingEpisode) float64 { return e.Traffic[f].Payload }).Mean,
				Wire:    collect(func(e *ProbingEpisode) float64 { return e.Traffic[f].Wire }).Mean,
			}
			add(frequency, m, traffic, func(e *ProbingEpisode) visibility.Quality { return e.Probes[f][m].Quality })
		}
	}
}

// Of returns the points of probes of a measure, by frequency.
func (p *Probing) Of(m visibility.Measure) []ProbingPoint {
	var list []ProbingPoint
	for _, x := range p.Points {
		if x.Frequency > 0 && x.Measure == m.Name() {
			list = append(list, x)
		}
	}
	return list
}

// Counts returns the point of what load balancers count themselves.
func (p *Probing) Counts() (ProbingPoint, bool) {
	for _, x := range p.Points {
		if x.Frequency == 0 {
			return x, true
		}
	}
	return ProbingPoint{}, false
}

// Check returns ErrEmpty unless each measure has points whose frequency rises.
func (p *Probing) Check() error {
	for m := range visibility.NumMeasures {
		list := p.Of(m)
		if len(list) < 2 {
			return fmt.Errorf("%w: %s: fewer than two frequencies", ErrEmpty, m.Name())
		}
		if !slices.IsSortedFunc(list, func(a, b ProbingPoint) int { return cmp.Compare(a.Frequency, b.Frequency) }) {
			return fmt.Errorf("%w: %s: frequencies that do not rise", ErrEmpty, m.Name())
		}
	}
	return nil
}
