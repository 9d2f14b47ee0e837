package figure

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/env"
)

var _ env.Sampler = (*Timeline)(nil)

// ErrShape reports timelines that are not of the same times and groups.
var ErrShape = errors.New("figure: timelines of different shapes")

// Measure is one of the curves of Figure 12 (a).
type Measure int

// The measures of a group of servers.
const (
	Busy     Measure = iota // busy workers a server
	Use                     // part of the processors' time that is used since the sample before
	Work                    // CPU work left, s a processor
	Measures                // their number
)

// Name is the measure's name in files.
func (m Measure) Name() string {
	return [...]string{"busy_workers_per_server", "cpu_use", "cpu_work_s_per_processor"}[m]
}

// Timeline is the true state of groups of servers over one episode, sampled on
// a grid from the first interval's end on.
type Timeline struct {
	interval float64 // s
	group    []int   // by server
	servers  []float64

	cpuTime, cpus []float64 // by group, at the sample before
	values        [Measures][][]float64
}

// NewTimeline returns the timeline of an episode of the given duration, sampled
// each interval (s). group is the group of each server, from 0.
func NewTimeline(duration, interval float64, group []int) *Timeline {
	groups := 1 + slices.Max(group)
	t := &Timeline{interval: interval, group: group, servers: make([]float64, groups),
		cpuTime: make([]float64, groups), cpus: make([]float64, groups)}
	for _, g := range group {
		t.servers[g]++
	}
	n := int(math.Floor(duration/interval + 1e-9))
	for m := range t.values {
		for range groups {
			t.values[m] = append(t.values[m], make([]float64, n))
		}
	}
	return t
}

// Sample implements env.Sampler. Samples after the episode's duration, while
// requests in flight end, are left out.
func (t *Timeline) Sample(now float64, truth *env.Truth) {
	k := int(math.Round(now/t.interval)) - 1
	groups := len(t.servers)
	busy, work, used, cpus := make([]float64, groups), make([]float64, groups), make([]float64, groups), make([]float64, groups)
	for j, g := range t.group {
		busy[g] += float64(truth.Busy[j])
		work[g] += truth.CPUWork[j]
		used[g] += truth.CPUTime[j]
		cpus[g] += float64(truth.CPUs[j])
	}
	if k >= 0 && k < len(t.values[Busy][0]) {
		for g := range groups {
			t.values[Busy][g][k] = busy[g] / t.servers[g]
			t.values[Use][g][k] = (used[g] - t.cpuTime[g]) / (t.cpus[g] * t.interval)
			t.values[Work][g][k] = work[g] / cpus[g]
		}
	}
	t.cpuTime, t.cpus = used, cpus
}

// Band is a curve as mean and sample standard deviation over seeds; with one
// seed the deviation is 0.
type Band struct {
	Mean, SD []float64
}

// Dynamic is the data of Figure 12: how targets fare while servers change.
type Dynamic struct {
	Scenario string
	Duration float64 // s of an episode
	Interval float64 // s between samples; the first is at the first interval's end
	Seeds    []uint64
	Groups   []string  // names of the groups of servers
	Changes  []float64 // s, when servers change, rising
	Classes  []string
	Targets  []DynamicTarget
}

// DynamicTarget is one target of Dynamic.
type DynamicTarget struct {
	Name        string
	Bands       [Measures][]Band // by group
	Completions []Completions    // by class, of all seeds
}

// Bands joins the timelines of several seeds.
func Bands(timelines []*Timeline) ([Measures][]Band, error) {
	var out [Measures][]Band
	for m := range out {
		for g := range timelines[0].values[m] {
			var b Band
			for k := range timelines[0].values[m][g] {
				x := make([]float64, len(timelines))
				for i, t := range timelines {
					if g >= len(t.values[m]) || len(t.values[m][g]) != len(timelines[0].values[m][g]) {
						return out, fmt.Errorf("%w: seed %d of %d", ErrShape, i+1, len(timelines))
					}
					x[i] = t.values[m][g][k]
				}
				mean, sd := stat.MeanStdDev(x, nil)
				if len(x) < 2 {
					sd = 0
				}
				b.Mean, b.SD = append(b.Mean, mean), append(b.SD, sd)
			}
			out[m] = append(out[m], b)
		}
	}
	return out, nil
}
