package episodes

import (
	"math"

	"fairlb/env"
	"fairlb/rewards"
)

// fairness measures how evenly the servers of one run are loaded: Jain's index
// (rewards.Jain) of what each needs to finish the work that it holds, in s,
//
//	l_j = cpu_j / capacity_j + io_j,
//
// over the servers that are in, as the mean over the samples at which there is
// any work. It is 1 where all would finish together.
type fairness struct {
	load    []float64
	sum     float64
	samples int
	closed  bool // the episode is over, and what is left drains
}

var _ env.Sampler = (*recorder)(nil)

// Sample implements env.Sampler.
func (r *recorder) Sample(_ float64, t *env.Truth) {
	f := &r.fairness
	if f.closed {
		return
	}
	f.load = f.load[:0]
	total := 0.0
	for j, work := range t.CPUWork {
		if t.Out[j] {
			continue
		}
		l := work/t.Capacity[j] + t.IOWork[j]
		f.load = append(f.load, l)
		total += l
	}
	if total > 0 {
		f.sum += rewards.Jain(f.load)
		f.samples++
	}
}

// mean is NaN without samples, as of an environment that cannot know.
func (f *fairness) mean() float64 {
	if f.samples == 0 {
		return math.NaN()
	}
	return f.sum / float64(f.samples)
}

func (f *fairness) reset() { f.sum, f.samples, f.closed = 0, 0, false }
