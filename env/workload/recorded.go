package workload

import (
	"io"
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

	now    float64 // s, the time of the last request, in the episode
	origin float64 // s, the trace's time less the episode's
	align  bool    // the next request of the trace only sets origin
	wrap   bool    // the trace's beginning follows its end
}

// OpenRecorded opens a trace file for the episode with the given seed. An
// episode begins and ends with the trace. If random, it begins at a request
// that follows from the seed, each line's chance being its length, and where
// the trace ends it goes on with the trace from its beginning, once. The
// request at which reading begins or begins again only sets the clock and is
// no part of the episode: what follows it is a stationary stream, which an
// arrival at time 0 would not be.
//
// secondsPerN is the CPU demand (s) of a unit of n; shares are the LBs' parts
// of the traffic.
func OpenRecorded(path string, secondsPerN float64, random bool, shares []float64, seed uint64) (*Recorded, error) {
	trace, err := OpenTrace(path)
	if err != nil {
		return nil, err
	}
	r := &Recorded{trace: trace, secondsPerN: secondsPerN, split: newSplit(shares, seed), align: random, wrap: random}
	if random {
		err = trace.SeekFraction(rand.New(env.Stream(seed, "workload/window")).Float64())
	}
	if err != nil {
		trace.Close()
		return nil, err
	}
	return r, nil
}

// Next implements Source.
func (r *Recorded) Next(x *Request) error {
	n, err := r.next()
	if err != nil {
		return err
	}
	x.Time = r.now
	x.Class = 0
	x.LB = r.split.draw()
	x.Demand = x.Demand[:1]
	x.Demand[0] = n * r.secondsPerN
	return nil
}

// next moves now to the next request and returns its n.
func (r *Recorded) next() (float64, error) {
	for {
		time, n, err := r.trace.Next()
		switch {
		case err == io.EOF && r.wrap:
			r.wrap, r.align = false, true
			if err := r.trace.Rewind(); err != nil {
				return 0, err
			}
		case err != nil:
			return 0, err
		case r.align:
			r.align, r.origin = false, time-r.now
		default:
			r.now = time - r.origin
			return n, nil
		}
	}
}

// Close implements Source.
func (r *Recorded) Close() error { return r.trace.Close() }
