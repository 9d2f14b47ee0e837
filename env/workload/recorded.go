package workload

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"fairlb/env"
)

var _ Source = (*Recorded)(nil)

// Window says which part of a trace an episode replays.
type Window uint8

const (
	// FromBeginning begins with the trace's first request, which is at time 0 of
	// the episode whatever time the trace gives it. All seeds have the same
	// arrivals.
	FromBeginning Window = iota
	// FromAnywhere begins at a request that the seed gives, where the chance of a
	// line is in proportion to its length in bytes, and after the trace's end goes
	// on once with its beginning.
	FromAnywhere
	// InBlocks joins blocks of the trace, each of which begins anywhere in it,
	// every moment being equally likely (the circular block bootstrap of Politis
	// and Romano 1992). What happens within a block, such as a burst, stays
	// together; what lasts longer than a block is cut.
	InBlocks
)

// Recording says how a trace file is replayed.
//
// One rule joins the end of a trace to its beginning, wherever an episode goes on
// from one to the other: the first request is taken to be the last one, so that
// the trace's second request follows the last at the distance of the first two.
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

	Window Window
	Block  float64 // s of the trace, the length of a block of InBlocks; not more than the trace has

	// Repeat goes on with the trace from its beginning whenever it ends, so that
	// no episode is too long. InBlocks never ends.
	Repeat bool

	// SpeedUp divides all times: at 2 the trace takes half its time, and its
	// bursts, too. 0: 1.
	SpeedUp float64

	// RateFactor is how many requests there are, on average, for each of the
	// trace, whose bursts keep their times. Below 1 each request is kept by that
	// chance. Above 1 each is there again, as often as the factor says, the
	// copies at random times before the next request. 0: 1.
	RateFactor float64

	Shares []float64 // the LBs' parts of the traffic
}

// Recorded is the Source of a trace file.
type Recorded struct {
	replay
	secondsPerN float64
	split       lbSplit

	classes []Class // none: all requests are of one class with one CPU stage
	paths   *Paths
	demand  *rand.Rand
	rate    rateFactor
}

// arrival is a request of a trace before its demands are drawn.
type arrival struct {
	time  float64 // s, in the episode
	class int
	n     float64
	hasN  bool
}

// Replay opens the episodes of a recording. It may be used by several goroutines at
// once.
type Replay struct {
	rec   Recording
	index func() (*TraceIndex, error) // read when it is first needed
}

// NewReplay returns the Replay of a recording, whose trace it does not open yet.
func NewReplay(rec Recording) *Replay {
	return &Replay{rec, sync.OnceValues(func() (*TraceIndex, error) { return IndexTrace(rec.Path) })}
}

// Open opens the trace for the episode with the given seed.
//
// FromAnywhere, the request at which reading begins only sets the clock and is no
// part of the episode: the requests after it are a stationary stream, whereas an
// episode that always began with an arrival would not be.
func (p *Replay) Open(seed uint64) (*Recorded, error) {
	rec := &p.rec
	r := &Recorded{
		secondsPerN: rec.SecondsPerN, split: newLBSplit(rec.Shares, seed),
		demand: rand.New(env.Stream(seed, "workload/demands")),
		rate:   newRateFactor(rec.RateFactor, seed),
	}
	if err := r.setClasses(rec.Classes); err != nil {
		return nil, err
	}
	var index *TraceIndex
	if rec.Window == InBlocks {
		var err error
		if index, err = p.index(); err != nil {
			return nil, err
		}
	}
	var err error
	r.replay, err = openReplay(rec, index, seed)
	return r, err
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
	a, err := r.rate.next(r.arrival)
	if err != nil {
		return err
	}
	x.Class = a.class
	if r.classes == nil {
		x.Demand = x.Demand[:1]
		x.Demand[0] = a.n * r.secondsPerN
	} else {
		r.draw(x, a)
	}
	x.Time = a.time
	x.LB = r.split.draw()
	return nil
}

// arrival returns the trace's next request.
func (r *Recorded) arrival() (arrival, error) {
	line, err := r.replay.next()
	if err != nil {
		return arrival{}, err
	}
	a := arrival{time: r.now / r.speedUp, n: line.N, hasN: line.HasN}
	switch {
	case r.classes == nil && !line.HasN:
		return a, r.trace.Refuse(line.Query, numberRule)
	case r.classes != nil:
		if a.class = r.paths.Class(line.Path()); a.class < 0 {
			return a, r.trace.Refuse(line.Query, "a query must match the paths of a class (a last class without paths takes every other)")
		}
	}
	return a, nil
}

// draw fills the demands of a request whose class is set.
func (r *Recorded) draw(x *Request, a arrival) {
	stages := r.classes[x.Class].Stages
	x.Demand = x.Demand[:len(stages)]
	if !a.hasN || r.secondsPerN == 0 {
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
		x.Demand[k] = a.n * r.secondsPerN * part
	}
}

// Close implements Source.
func (r *Recorded) Close() error { return r.trace.Close() }
