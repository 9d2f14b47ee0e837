package workload

import (
	"math/rand/v2"

	"fairlb/env"
)

// Arrivals describes an arrival process. The zero burst factors make it a
// Poisson process; otherwise it is a two-state Markov-modulated one whose rate
// is, in turn, BurstFactor times and (to keep the mean) a part of Rate.
type Arrivals struct {
	Rate    float64 // mean requests/s, all LBs together
	RateMax float64 // if above Rate, each episode's rate is drawn from [Rate, RateMax]

	BurstFactor float64 // rate in a burst over the mean rate; 0: no bursts
	BurstMean   float64 // s, mean length of a burst
	CalmMean    float64 // s, mean time between bursts
}

// calmFactor is the rate between bursts over the mean rate; 0, and no less by
// rounding, where bursts bring all that arrives.
func (a *Arrivals) calmFactor() float64 {
	inBurst := a.BurstMean / (a.BurstMean + a.CalmMean)
	return max(0, 1-inBurst*a.BurstFactor) / (1 - inBurst)
}

var _ Source = (*Synthetic)(nil)

// Synthetic is an endless Source of random requests.
type Synthetic struct {
	classes []Class
	split   split
	arrival *rand.Rand // times
	mix     *rand.Rand // classes
	demand  *rand.Rand // demands

	now       float64
	rates     [2]float64 // requests/s in calm and in a burst
	lengths   [2]float64 // mean s of both states
	state     int
	stateEnds float64 // s; never for a Poisson process
	bursty    bool
}

// NewSynthetic returns the requests of the episode with the given seed.
// shares are the LBs' parts of the traffic and sum to 1.
func NewSynthetic(a Arrivals, classes []Class, shares []float64, seed uint64) *Synthetic {
	s := &Synthetic{
		classes: classes,
		split:   newSplit(shares, seed),
		arrival: rand.New(env.Stream(seed, "workload/arrivals")),
		mix:     rand.New(env.Stream(seed, "workload/classes")),
		demand:  rand.New(env.Stream(seed, "workload/demands")),
	}
	rate := a.Rate
	if a.RateMax > a.Rate {
		rate += (a.RateMax - a.Rate) * s.arrival.Float64()
	}
	s.rates[0] = rate
	if a.BurstFactor > 0 {
		s.bursty = true
		s.rates = [2]float64{rate * a.calmFactor(), rate * a.BurstFactor}
		s.lengths = [2]float64{a.CalmMean, a.BurstMean}
		if s.arrival.Float64() < a.BurstMean/(a.BurstMean+a.CalmMean) {
			s.state = 1
		}
		s.stateEnds = s.lengths[s.state] * s.arrival.ExpFloat64()
	}
	return s
}

// Next implements Source.
func (s *Synthetic) Next(r *Request) error {
	s.now = s.nextArrival()
	r.Time = s.now
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

// nextArrival draws the next time of arrival. Within a state arrivals are
// Poisson; where a state ends first, the draw starts anew from there, which
// changes nothing since the process has no memory.
func (s *Synthetic) nextArrival() float64 {
	now := s.now
	if !s.bursty {
		return now + s.arrival.ExpFloat64()/s.rates[0]
	}
	for {
		// A state without arrivals gives +Inf here and passes.
		next := now + s.arrival.ExpFloat64()/s.rates[s.state]
		if next <= s.stateEnds {
			return next
		}
		now = s.stateEnds
		s.state = 1 - s.state
		s.stateEnds = now + s.lengths[s.state]*s.arrival.ExpFloat64()
	}
}

// Close implements Source.
func (s *Synthetic) Close() error { return nil }

// split draws the LB of each request by the LBs' shares of the traffic.
type split struct {
	shares []float64
	rng    *rand.Rand
}

func newSplit(shares []float64, seed uint64) split {
	return split{shares: shares, rng: rand.New(env.Stream(seed, "workload/split"))}
}

func (s *split) draw() int {
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
