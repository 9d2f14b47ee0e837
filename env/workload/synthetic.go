package workload

import (
	"math/rand/v2"

	"fairlb/env"
)

var _ Source = (*Synthetic)(nil)

// Synthetic is an endless Source of random requests.
type Synthetic struct {
	classes  []Class
	arrivals process
	split    lbSplit
	mix      *rand.Rand // draws the classes
	demand   *rand.Rand // draws the demands
}

// NewSynthetic returns the requests of the episode with the given seed.
// shares are the LBs' parts of the traffic and sum to 1.
func NewSynthetic(a Arrivals, classes []Class, shares []float64, seed uint64) *Synthetic {
	return &Synthetic{
		classes:  classes,
		arrivals: newProcess(a, seed),
		split:    newLBSplit(shares, seed),
		mix:      rand.New(env.Stream(seed, "workload/classes")),
		demand:   rand.New(env.Stream(seed, "workload/demands")),
	}
}

// Next implements Source.
func (s *Synthetic) Next(r *Request) error {
	r.Time = s.arrivals.draw()
	r.LB = s.split.draw()
	r.Class = 0
	if len(s.classes) > 1 {
		u := s.mix.Float64()
		for r.Class < len(s.classes)-1 && u >= s.classes[r.Class].Share {
			u -= s.classes[r.Class].Share
			r.Class++
		}
	}
	stages := s.classes[r.Class].Stages
	r.Demand = r.Demand[:len(stages)]
	for k := range stages {
		r.Demand[k] = stages[k].Law.Draw(s.demand)
	}
	return nil
}

// Close implements Source.
func (s *Synthetic) Close() error { return nil }

// lbSplit draws the LB of each request by the LBs' shares of the traffic.
type lbSplit struct {
	shares []float64
	rng    *rand.Rand
}

func newLBSplit(shares []float64, seed uint64) lbSplit {
	return lbSplit{shares: shares, rng: rand.New(env.Stream(seed, "workload/split"))}
}

func (s *lbSplit) draw() int {
	u := s.rng.Float64()
	last := len(s.shares) - 1
	for i, share := range s.shares[:last] {
		if u < share {
			return i
		}
		u -= share
	}
	return last
}
