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

	// Classes are the classes of requests, to which Paths assign queries. With
	// no class, or with one that has a single CPU stage and no Paths, every
	// query must have an n. Otherwise, if a query has an n and SecondsPerN is
	// not 0, its demand is their product, divided among the stages of its
	// class in proportion to their means; if not, each stage draws from its
	// law.
	Classes []Class

	// Random begins an episode at a place in the trace that its seed gives,
	// and not at the trace's beginning.
	Random bool

	// Duration is the episode's length (s). A trace whose first request is
	// later than that, such as one whose times are epoch seconds, is shifted
	// so that this request is at time 0; any other keeps its times. 0: the
	// episode has no end, and no trace is shifted.
	Duration float64

	Shares []float64 // the LBs' parts of the traffic
}

// Recorded is the Source of a trace file.
type Recorded struct {
	trace       *Trace
	secondsPerN float64
	split       lbSplit

	classes []Class // none: all requests are of one class with one CPU stage
	paths   *Paths
	demand  *rand.Rand

	now        float64 // s, the time of the last request, in the episode
	origin     float64 // s, the trace's time minus the episode's
	setsOrigin bool    // the next request of the trace only sets origin, and is no part of the episode
	wraps      bool    // after the trace's end it goes on with its beginning
	maxFirst   float64 // s, a first request after this time sets origin; 0: the first request has been read
}

// OpenRecorded opens a trace file for the episode with the given seed. The episode
// begins and ends with the trace. If Recording.Random is set, it begins instead at
// a request that follows from the seed, where the chance of a line is in
// proportion to its length, and after the trace's end it goes on once with the
// trace from its beginning. The request at which reading begins, or begins again,
// only sets the clock and is no part of the episode: the requests after it are a
// stationary stream, whereas an episode that always began with an arrival would
// not be.
func OpenRecorded(rec Recording, seed uint64) (*Recorded, error) {
	r := &Recorded{
		secondsPerN: rec.SecondsPerN, split: newLBSplit(rec.Shares, seed), setsOrigin: rec.Random, wraps: rec.Random,
		demand: rand.New(env.Stream(seed, "workload/demands")),
	}
	if !rec.Random {
		r.maxFirst = rec.Duration
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

// setClasses takes the classes over, unless requests have an n alone.
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

// draw fills the demands of a request whose class is set.
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
		case err == io.EOF && r.wraps:
			r.wraps, r.setsOrigin = false, true
			if err := r.trace.Rewind(); err != nil {
				return line, err
			}
		case err != nil:
			return line, err
		case r.setsOrigin:
			r.setsOrigin, r.origin = false, line.Time-r.now
		default:
			if r.maxFirst > 0 && line.Time > r.maxFirst {
				r.origin = line.Time
			}
			r.maxFirst = 0
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
