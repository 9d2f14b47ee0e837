package workload

import (
	"fmt"
	"io"
	"math/rand/v2"

	"fairlb/env"
)

var _ Source = (*Recorded)(nil)

// Recording says how a trace file is replayed.
type Recording struct {
	Path        string
	SecondsPerN float64 // CPU demand (s) of a unit of n

	// Classes are told apart by their Paths. With none, or one of a single
	// CPU stage without Paths, every query must have an n. Otherwise a
	// query's demand is SecondsPerN times its n where it has one and
	// SecondsPerN is not 0, spread over its class's stages as their means
	// are, and else each stage draws from its law.
	Classes []Class

	// Random begins an episode anywhere in the trace, by its seed, and not
	// with the trace.
	Random bool

	// Duration is the episode's length (s). A trace whose first request is
	// later than that, such as one whose times are epoch seconds, begins
	// at the time 0 with that request; any other at its own times. 0: no
	// end.
	Duration float64

	Shares []float64 // the LBs' parts of the traffic
}

// Recorded is the Source of a trace file.
type Recorded struct {
	trace       *Trace
	secondsPerN float64
	split       split

	classes []Class // none: the one class of one CPU stage
	paths   *Paths
	demand  *rand.Rand

	now    float64 // s, the time of the last request, in the episode
	origin float64 // s, the trace's time less the episode's
	align  bool    // the next request of the trace only sets origin
	wrap   bool    // the trace's beginning follows its end
	latest float64 // s, the latest time of a first request that stays; 0: that was looked at
}

// OpenRecorded opens a trace file for the episode with the given seed. An
// episode begins and ends with the trace. If random, it begins at a request
// that follows from the seed, each line's chance being its length, and where
// the trace ends it goes on with the trace from its beginning, once. The
// request at which reading begins or begins again only sets the clock and is
// no part of the episode: what follows it is a stationary stream, which an
// arrival at time 0 would not be.
func OpenRecorded(rec Recording, seed uint64) (*Recorded, error) {
	r := &Recorded{
		secondsPerN: rec.SecondsPerN, split: newSplit(rec.Shares, seed), align: rec.Random, wrap: rec.Random,
		demand: rand.New(env.Stream(seed, "workload/demands")),
	}
	if !rec.Random {
		r.latest = rec.Duration
	}
	if err := r.setClasses(rec.Classes); err != nil {
		return nil, err
	}
	var err error
	if r.trace, err = OpenTrace(rec.Path); err != nil {
		return nil, err
	}
	if rec.Random {
		err = r.trace.SeekFraction(rand.New(env.Stream(seed, "workload/window")).Float64())
	}
	if err != nil {
		r.trace.Close()
		return nil, err
	}
	return r, nil
}

// setClasses takes the classes if they need more than n.
func (r *Recorded) setClasses(classes []Class) error {
	if len(classes) == 0 || len(classes) == 1 && len(classes[0].Paths) == 0 && len(classes[0].Stages) == 1 && classes[0].Stages[0].Resource == CPU {
		return nil
	}
	var patterns [][]string
	for _, c := range classes {
		patterns = append(patterns, c.Paths)
	}
	var err error
	if r.paths, err = NewPaths(patterns); err != nil {
		return fmt.Errorf("workload: %w", err)
	}
	r.classes = classes
	return nil
}

// Next implements Source.
func (r *Recorded) Next(x *Request) error {
	line, err := r.next()
	if err != nil {
		return err
	}
	if r.classes == nil {
		x.Class = 0
		x.Demand = x.Demand[:1]
		x.Demand[0] = line.N * r.secondsPerN
	} else {
		if x.Class = r.paths.Class(line.Path()); x.Class < 0 {
			return r.trace.Refuse(line.Query, "a query must match the paths of a class (a last class without paths takes every other)")
		}
		r.draw(x, line)
	}
	x.Time = r.now
	x.LB = r.split.draw()
	return nil
}

// draw fills the demands of a request whose class is known.
func (r *Recorded) draw(x *Request, line Record) {
	stages := r.classes[x.Class].Stages
	x.Demand = x.Demand[:len(stages)]
	if !line.HasN || r.secondsPerN == 0 {
		for k := range stages {
			x.Demand[k] = stages[k].Law.Draw(r.demand)
		}
		return
	}
	total := 0.0
	for k := range stages {
		total += stages[k].Law.Mean()
	}
	for k := range stages {
		part := 1 / float64(len(stages))
		if total > 0 {
			part = stages[k].Law.Mean() / total
		}
		x.Demand[k] = line.N * r.secondsPerN * part
	}
}

// next moves now to the next request and returns its line.
func (r *Recorded) next() (Record, error) {
	for {
		line, err := r.read()
		switch {
		case err == io.EOF && r.wrap:
			r.wrap, r.align = false, true
			if err := r.trace.Rewind(); err != nil {
				return line, err
			}
		case err != nil:
			return line, err
		case r.align:
			r.align, r.origin = false, line.Time-r.now
		default:
			if r.latest > 0 && line.Time > r.latest {
				r.origin = line.Time
			}
			r.latest = 0
			r.now = line.Time - r.origin
			return line, nil
		}
	}
}

// read returns the trace's next line.
func (r *Recorded) read() (Record, error) {
	if r.classes != nil {
		return r.trace.NextRecord()
	}
	time, n, err := r.trace.Next()
	return Record{Time: time, N: n, HasN: true}, err
}

// Close implements Source.
func (r *Recorded) Close() error { return r.trace.Close() }
