package workload

import (
	"math/rand/v2"

	"fairlb/env"
)

var _ Source = (*Recorded)(nil)

// Recorded is the Source of a trace file: one class of one CPU stage, whose
// demand is proportional to the query's n.
type Recorded struct {
	trace       *Trace
	secondsPerN float64
	split       split
	origin      float64 // s, the trace's time at which the episode begins
}

// OpenRecorded opens a trace file for the episode with the given seed. An
// episode begins with the trace or, if random, at a point of its first nine
// tenths that follows from the seed, and ends with it at the latest.
// secondsPerN is the CPU demand (s) of a unit of n; shares are the LBs' parts
// of the traffic.
func OpenRecorded(path string, secondsPerN float64, random bool, shares []float64, seed uint64) (*Recorded, error) {
	trace, err := OpenTrace(path)
	if err != nil {
		return nil, err
	}
	r := &Recorded{trace: trace, secondsPerN: secondsPerN, split: newSplit(shares, seed)}
	if !random {
		return r, nil
	}
	err = trace.SeekFraction(0.9 * rand.New(env.Stream(seed, "workload/window")).Float64())
	if err == nil {
		r.origin, _, err = trace.Next()
	}
	if err != nil {
		trace.Close()
		return nil, err
	}
	return r, nil
}

// Next implements Source.
func (r *Recorded) Next(x *Request) error {
	time, n, err := r.trace.Next()
	if err != nil {
		return err
	}
	x.Time = time - r.origin
	x.Class = 0
	x.LB = r.split.draw()
	x.Demand = x.Demand[:1]
	x.Demand[0] = n * r.secondsPerN
	return nil
}

// Close implements Source.
func (r *Recorded) Close() error { return r.trace.Close() }
