// Package figuretest has small data of each figure, for the tests of what writes
// and draws it.
package figuretest

import (
	"math"

	"fairlb/eval/figure"
	"fairlb/eval/theory/complexity"
)

// FairWeights is data of one profile.
func FairWeights() *figure.FairWeights {
	return &figure.FairWeights{Figure: "Figure 2a", Window: 10, Warmup: 20, Duration: 60, Seeds: []uint64{1, 2}, Tolerance: 0.005, Profiles: []figure.FairWeightsProfile{{
		Name: "balanced", Scenario: "sim-moderate/50-50", WorkRatios: []float64{1, 1.2, 1.4, 3}, RequestRatios: []float64{0.5, 0.7, 0.9, 1.1},
		BestFixed: 1.25, LeastGood: 1, GreatestGood: 1.5, Processors: 2,
	}}}
}

// CapacityChange is data of one target, two groups and two samples.
func CapacityChange() *figure.CapacityChange {
	d := &figure.CapacityChange{Figure: "Figure 12", Scenario: "web-dynamic", Duration: 0.5, Interval: 0.25, Seeds: []uint64{1, 2},
		Groups: []string{"1 server of 4 CPUs", "2 servers of 2 CPUs"}, Changes: []float64{0.3}, Classes: []string{"wiki", "static"}}
	t := figure.CapacityChangeTarget{Name: "sed"}
	for m := range figure.NumServerMeasures {
		for g := range d.Groups {
			x := 0.125 * float64(1+int(m)+g)
			t.Servers[m] = append(t.Servers[m], figure.Band{Mean: []float64{x, 2 * x}, SD: []float64{0.5, 0}})
		}
	}
	c := figure.Distribution{N: 400, Failed: 1, Mean: 0.25, Longest: 0.5}
	for k := range figure.Quantiles() {
		c.All = append(c.All, float64(k+1)/1000)
	}
	c.Done = c.All
	t.ByClass = []figure.Distribution{c, {}}
	d.Targets = []figure.CapacityChangeTarget{t}
	return d
}

// CompletionDistributions is data of a figure with one test case, or with two.
func CompletionDistributions(name string, cases int) *figure.CompletionDistributions {
	d := &figure.CompletionDistributions{Figure: name, Duration: 60}
	distribution := CapacityChange().Targets[0].ByClass[0]
	for _, c := range []figure.CaseDistributions{{Name: "Period I", Scenario: "web-moderate/period-1"}, {Name: "Period II", Scenario: "web-moderate/period-2"}}[:cases] {
		c.Seeds, c.Classes = []uint64{1, 2}, []string{"wiki", "static"}
		for _, t := range []figure.TargetDistributions{{Name: "sed"}, {Name: "Distr-LB VBF", Runs: 3}} {
			t.ByClass = []figure.Distribution{distribution, distribution}
			c.Targets = append(c.Targets, t)
		}
		d.Cases = append(d.Cases, c)
	}
	return d
}

// BufferGrowth is data of two numbers of agents.
func BufferGrowth() *figure.BufferGrowth {
	return &figure.BufferGrowth{Figure: "Figure 10 (a)", Scenario: "web-moderate/train", Method: "qmix-lb", Duration: 50, Buffers: []figure.BufferCurve{
		{Agents: 1, Servers: 7, Features: 11, Points: []figure.BufferSize{
			{Episodes: 2, Transitions: 8, Memory: 1000000, Saved: 1200000}, {Episodes: 4, Transitions: 17, Memory: 2000000, Saved: 2400000},
		}},
		{Agents: 6, Servers: 7, Features: 11, Points: []figure.BufferSize{{Episodes: 4, Transitions: 17, Memory: 12000000, Saved: 12500000}}},
	}}
}

// WeightedDurations is data of two methods in the plain reading, and of one of them by
// the printed equation.
func WeightedDurations() *figure.WeightedDurations {
	f := &figure.WeightedDurations{Queue: 5}
	for k, c := range []string{"accurate", "50 % -Q", "33 % -Q", "~W", "50 % -Q ~W", "33 % -Q ~W"} {
		f.Bars = append(f.Bars, figure.WeightedDuration{Reading: "plain", Method: "SED", Configuration: c, Duration: 1.5 + 0.25*float64(k)})
		if k < 3 { // LSQ has no weights that could be inverted
			f.Bars = append(f.Bars, figure.WeightedDuration{Reading: "plain", Method: "LSQ", Configuration: c, Duration: 2 + 0.25*float64(k)})
		}
		f.Bars = append(f.Bars, figure.WeightedDuration{Reading: "independent, as printed", Method: "SED", Configuration: c, Duration: 2.5})
	}
	return f
}

// CollectionLatency is data of two ways, of new frames and of the same again.
func CollectionLatency() *figure.CollectionLatency {
	c := &figure.CollectionLatency{Figure: "Figure 11", Scenario: "web-moderate/period-1", Servers: 7, Features: 11, Machine: "2 cores, amd64", Measured: "2026-11-29", Others: 0.25, Stolen: 0.125}
	for _, pause := range []float64{0, 0.002} {
		for _, again := range []bool{false, true} {
			for k, way := range []string{figure.MarginShared, figure.MarginProbe} {
				r := figure.CollectionReadings{Way: way, Title: []string{"shared memory, v2", "TCP, kept"}[k], Pause: pause, Again: again, Bytes: 332 * float64(k)}
				var times []float64
				for n := range 100 {
					times = append(times, 1e-6*float64(10+n+100*k)+pause/100)
				}
				r.Times = figure.NewDistribution(times)
				c.Readings = append(c.Readings, r)
			}
		}
	}
	return c
}

// Complexity is a measurement of Table 7 of three rounds: what is claimed to be constant
// takes 25 ns, the rest a ns for each sample of each server, and twice that in the last
// round where servers are most; memory is a byte for each server and frame.
func Complexity() *complexity.Measurement {
	m := &complexity.Measurement{Machine: "a processor"}
	for _, c := range complexity.Grid() {
		for _, r := range complexity.Rows() {
			for _, name := range r.Operations {
				t := complexity.Timing{Operation: name, Cell: c, Bytes: c.Servers * c.Level, Nanoseconds: []float64{25, 25, 25}}
				if len(r.Time.Grows) > 0 {
					t.Nanoseconds = []float64{float64(c.Samples * c.Servers), float64(c.Samples * c.Servers), float64(c.Samples * c.Servers)}
					if c.Servers == 4096 {
						t.Nanoseconds[2] *= 2
					}
				}
				m.Timings = append(m.Timings, t)
			}
		}
	}
	return m
}

// Learning is data of two runs of a method and one of another, beside two levels.
func Learning() *figure.Learning {
	curve := func(seed uint64, times ...float64) figure.LearningCurve {
		return figure.LearningCurve{Seed: seed, Episodes: []float64{64, 128, 192}, Completion: times, Greedy: true}
	}
	return &figure.Learning{
		Scenario: "misweighted/1.0", Levels: []figure.ReferenceLevel{{Name: "sed", Value: 2}, {Name: "self-tuning", Value: 1.75}},
		Methods: []figure.MethodCurves{
			{Name: "distr-lb-team", Curves: []figure.LearningCurve{curve(1, 2.5, 1.75, 1.5), curve(2, 2.25, 1.75, 1.625)}},
			{Name: "es", Curves: []figure.LearningCurve{curve(1, 2, 1.75, 1.5)}},
		},
	}
}

// Probing is data of two frequencies and one episode, whose own counts never changed.
func Probing() *figure.Probing {
	nan := math.NaN()
	p := &figure.Probing{Scenario: "web-moderate/period-1", Target: "sed", Servers: 7, LBs: 2, Duration: 60, Seeds: 2}
	estimate := func(x float64) figure.Estimate { return figure.Estimate{Mean: x, Low: x - 0.125, High: x + 0.125} }
	none := figure.Estimate{Mean: nan, Low: nan, High: nan}
	p.Points = []figure.ProbingPoint{{Measure: "requests", RMSE: estimate(1.5), Relative: estimate(0.5), Spearman: figure.Estimate{Mean: 0.75, Low: nan, High: nan}, Across: none}}
	for _, measure := range []string{"requests", "cpu_use"} {
		for k, frequency := range []float64{1, 20} {
			x := 0.25 + 0.5*float64(k)
			p.Points = append(p.Points, figure.ProbingPoint{Frequency: frequency, Measure: measure, RMSE: estimate(2 - x), Relative: estimate(1 - x), Spearman: estimate(x), Across: estimate(x / 2),
				Traffic: figure.ProbeTraffic{Answers: 4000 * frequency, Payload: 1600 * frequency, Wire: 10000 * frequency}})
		}
	}
	return p
}

// CommunicationLatency is data of two messages to one agent and to four.
func CommunicationLatency() *figure.CommunicationLatency {
	link := func(agents int, scale float64) figure.LinkLatency {
		var times []float64
		for n := range 100 {
			times = append(times, scale*1e-6*float64(n+1))
		}
		return figure.LinkLatency{Agents: agents, Sent: 1e6 * float64(agents), Lost: agents / 4, Times: figure.NewDistribution(times)}
	}
	return &figure.CommunicationLatency{
		Figure: "Figure 10 (b)", Scenario: "web-moderate/train", Method: "qmix-lb", Rate: 1e8, Queue: 250000, Period: 0.25, Machine: "2 cores, amd64", Measured: "2026-11-29",
		Others: 0.25, Stolen: 0.125, Idle: link(0, 1),
		Messages: []figure.CommunicationMessage{
			{What: "a reading", Bytes: 862, Points: []figure.LinkLatency{link(1, 1), link(4, 2)}},
			{What: "an episode of 60 s", Bytes: 96000, Points: []figure.LinkLatency{link(1, 8), link(4, 64)}},
		},
	}
}
