package figure

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"fairlb/env"
)

var _ env.Sampler = (*Timeline)(nil)

// ErrShape reports timelines that are not of the same times and groups.
var ErrShape = errors.New("figure: timelines of different shapes")

// ServerMeasure is something that a Timeline measures of a group of servers.
type ServerMeasure int

// The measures of a group of servers.
const (
	BusyWorkers       ServerMeasure = iota // busy workers a server
	CPUUse                                 // part of the processors' time that was used since the sample before
	CPUWorkLeft                            // CPU work left, s a processor
	NumServerMeasures                      // their number
)

// Name is the measure's name in files.
func (m ServerMeasure) Name() string {
	return [...]string{"busy_workers_per_server", "cpu_use", "cpu_work_s_per_processor"}[m]
}

// Timeline records the true state of groups of servers over one episode, sampled
// at equal intervals from the end of the first one on.
type Timeline struct {
	interval float64 // s
	group    []int   // by server
	servers  []float64

	cpuTime, cpus []float64                      // by group: s of processor time and processors, at the sample before
	began, speed  []float64                      // by server: the speed of a processor, at the first sample and at the last
	values        [NumServerMeasures][][]float64 // by measure, group and sample
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
	if t.began == nil {
		t.began = slices.Clone(truth.Speed)
	}
	t.speed = append(t.speed[:0], truth.Speed...)
	groups := len(t.servers)
	busy, work, used, cpus := make([]float64, groups), make([]float64, groups), make([]float64, groups), make([]float64, groups)
	for j, g := range t.group {
		busy[g] += float64(truth.Busy[j])
		work[g] += truth.CPUWork[j]
		used[g] += truth.CPUTime[j]
		cpus[g] += float64(truth.CPUs[j])
	}
	if k >= 0 && k < len(t.values[BusyWorkers][0]) {
		for g := range groups {
			t.values[BusyWorkers][g][k] = busy[g] / t.servers[g]
			t.values[CPUUse][g][k] = (used[g] - t.cpuTime[g]) / (t.cpus[g] * t.interval)
			t.values[CPUWorkLeft][g][k] = work[g] / cpus[g]
		}
	}
	t.cpuTime, t.cpus = used, cpus
}

// BySlowing returns the timeline of two groups: the servers that are at the end as fast as
// they were at the beginning, or faster, and those that are slower. In t each server must
// be a group of its own. It fails with ErrShape where there are none of either.
func (t *Timeline) BySlowing() (*Timeline, error) {
	out := &Timeline{interval: t.interval}
	for m := range NumServerMeasures {
		var weight [2]float64
		out.values[m] = [][]float64{make([]float64, len(t.values[m][0])), make([]float64, len(t.values[m][0]))}
		for j := range t.group {
			g, w := 0, t.cpus[j]
			if t.speed[j] < t.began[j] {
				g = 1
			}
			if m == BusyWorkers {
				w = 1 // a mean over servers, not over processors
			}
			weight[g] += w
			floats.AddScaled(out.values[m][g], w, t.values[m][j])
		}
		for g := range weight {
			if weight[g] == 0 {
				return nil, fmt.Errorf("%w: of %d servers none %s", ErrShape, len(t.group), [...]string{"kept its speed", "became slower"}[g])
			}
			floats.Scale(1/weight[g], out.values[m][g])
		}
	}
	return out, nil
}

// Band is a curve as mean and sample standard deviation over seeds; with one
// seed the deviation is 0.
type Band struct {
	Mean, SD []float64
}

// Bands sums up the timelines of several seeds, by measure and group of servers, in
// means over so many samples each; what is left at the end is not enough for one. It
// fails with ErrShape unless all have the same groups and samples.
func Bands(timelines []*Timeline, samples int) ([NumServerMeasures][]Band, error) {
	var out [NumServerMeasures][]Band
	for m := range out {
		for g := range timelines[0].values[m] {
			var b Band
			for k := range len(timelines[0].values[m][g]) / samples {
				x := make([]float64, len(timelines))
				for i, t := range timelines {
					if g >= len(t.values[m]) || len(t.values[m][g]) != len(timelines[0].values[m][g]) {
						return out, fmt.Errorf("%w: seed %d of %d", ErrShape, i+1, len(timelines))
					}
					x[i] = stat.Mean(t.values[m][g][k*samples:(k+1)*samples], nil)
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
