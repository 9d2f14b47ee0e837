package workload

import (
	"math/rand/v2"

	"fairlb/env"
)

// Arrivals describes an arrival process. It has at most one of bursts, a Chain and
// a GapCV, and is a Poisson process with none of them. Every process is
// stationary from time 0 on, apart from the profile.
type Arrivals struct {
	Rate    float64 // mean requests/s, all LBs together
	RateMax float64 // if above Rate, each episode's rate is drawn from [Rate, RateMax]

	// Bursts make a two-state Markov-modulated Poisson process, whose rate
	// alternates between BurstFactor times Rate and a part of Rate that keeps
	// the mean.
	BurstFactor float64 // rate in a burst over the mean rate; 0: no bursts
	BurstMean   float64 // s, mean length of a burst
	CalmMean    float64 // s, mean time between bursts

	// Chain modulates a Poisson process over any number of states.
	Chain *Chain

	// GapCV is the coefficient of variation, at least 1, of the times
	// between arrivals of a renewal process: hyperexponential, two phases
	// with balanced means. Its counts over long windows have the index of
	// dispersion GapCV^2. 0: no renewal process.
	GapCV float64

	// Profile is a periodic factor on the rate; nil: none.
	Profile *Profile
}

// calmFactor is the rate between bursts over the mean rate. Rounding does not make
// it negative where all requests arrive in bursts.
func (a *Arrivals) calmFactor() float64 {
	inBurst := a.BurstMean / (a.BurstMean + a.CalmMean)
	return max(0, 1-inBurst*a.BurstFactor) / (1 - inBurst)
}

// process draws the times of the arrivals of one episode.
type process struct {
	rng *rand.Rand

	rate      float64     // requests/s, the episode's mean rate
	factors   []float64   // rates over the mean rate, by state
	now       float64     // s, the last arrival
	rates     []float64   // requests/s, by state
	stays     []float64   // s, by state, the mean length of a stay; empty: there is a single state
	next      [][]float64 // by state, the chances of the next one; nil: they follow each other
	state     int         // the present one
	stateEnds float64     // s, when it ends

	gap     Law // of a renewal process, in units of its mean
	renewal bool
	first   bool // no arrival of the renewal process was drawn yet

	profile *Profile
	phase   float64 // s, the profile's time at the episode's 0
}

// newProcess draws the state in which an episode's arrivals begin.
func newProcess(a Arrivals, seed uint64) process {
	p := process{rng: rand.New(env.Stream(seed, "workload/arrivals")), rate: a.Rate, factors: []float64{1}}
	if a.RateMax > a.Rate {
		p.rate += (a.RateMax - a.Rate) * p.rng.Float64()
	}
	switch {
	case a.BurstFactor > 0:
		p.factors = []float64{a.calmFactor(), a.BurstFactor}
		p.stays = []float64{a.CalmMean, a.BurstMean}
		if p.rng.Float64() < a.BurstMean/(a.BurstMean+a.CalmMean) {
			p.state = 1
		}
	case a.Chain != nil:
		p.factors, p.stays, p.next = a.Chain.factors, a.Chain.stays, a.Chain.next
		p.state = indexByShare(a.Chain.timeShares, p.rng.Float64())
	case a.GapCV > 0:
		p.renewal, p.first = true, true
		p.gap, _ = NewLaw("hyperexponential", 1, max(1, min(a.GapCV, 100)))
	}
	p.setRates()
	if p.stays != nil {
		p.stateEnds = p.stays[p.state] * p.rng.ExpFloat64()
	}
	if a.Profile != nil {
		p.profile, p.phase = a.Profile, a.Profile.start
		if a.Profile.random {
			p.phase = a.Profile.period * rand.New(env.Stream(seed, "workload/profile")).Float64()
		}
	}
	return p
}

// setRates gives each state its rate.
func (p *process) setRates() {
	p.rates = make([]float64, len(p.factors))
	for i, f := range p.factors {
		p.rates[i] = p.rate * f
	}
}

// draw moves to the next arrival and returns its time. Within a state arrivals
// are Poisson. Where the state ends before the arrival that was drawn, another is
// drawn from that time on, which is right because the process has no memory.
func (p *process) draw() float64 {
	switch {
	case p.renewal:
		p.now = p.timeAfter(p.now, p.drawGap()/p.rates[0])
		return p.now
	case p.stays == nil:
		p.now = p.timeAfter(p.now, p.rng.ExpFloat64()/p.rates[0])
		return p.now
	}
	now := p.now
	for {
		// In a state without arrivals this is +Inf, so that the state passes.
		next := p.timeAfter(now, p.rng.ExpFloat64()/p.rates[p.state])
		if next <= p.stateEnds {
			p.now = next
			return next
		}
		now = p.stateEnds
		if p.next == nil {
			p.state = (p.state + 1) % len(p.stays)
		} else {
			p.state = indexByShare(p.next[p.state], p.rng.Float64())
		}
		p.stateEnds = now + p.stays[p.state]*p.rng.ExpFloat64()
	}
}

// timeAfter returns the time at which the profile's integral from now on has
// become work (s); without a profile that is now + work. If the rate is constant
// apart from the profile, an exponential work gives exactly the Poisson process of
// that profile. The states of a modulated process keep their lengths in s, whereas
// a renewal process is stretched as a whole.
func (p *process) timeAfter(now, work float64) float64 {
	if p.profile == nil {
		return now + work
	}
	return p.profile.timeAfter(now, p.phase, work)
}

// drawGap draws a time between arrivals in units of its mean. The first one is
// what is left of a gap at a random time, so that the process is stationary: with
// balanced means each phase has half of the time, and an exponential phase has no
// memory.
func (p *process) drawGap() float64 {
	if !p.first {
		return p.gap.Draw(p.rng)
	}
	p.first = false
	if p.rng.Float64() < 0.5 {
		return p.gap.a * p.rng.ExpFloat64()
	}
	return p.gap.b * p.rng.ExpFloat64()
}

// indexByShare returns the index at which the running sum of the shares exceeds u.
// It never returns one whose share is 0.
func indexByShare(shares []float64, u float64) int {
	last := 0
	for i, share := range shares {
		if share == 0 {
			continue
		}
		if u < share {
			return i
		}
		u -= share
		last = i
	}
	return last
}
