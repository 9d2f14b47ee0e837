package workload

import (
	"math/rand/v2"

	"fairlb/env"
)

// Arrivals describes an arrival process: at most one of bursts, Chain and
// GapCV, and a Poisson process with none of them. All are stationary from time
// 0 on, but for the profile.
type Arrivals struct {
	Rate    float64 // mean requests/s, all LBs together
	RateMax float64 // if above Rate, each episode's rate is drawn from [Rate, RateMax]

	// The two-state Markov-modulated Poisson process, whose rate is, in
	// turn, BurstFactor times and (to keep the mean) a part of Rate.
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

// calmFactor is the rate between bursts over the mean rate; 0, and no less by
// rounding, where bursts bring all that arrives.
func (a *Arrivals) calmFactor() float64 {
	inBurst := a.BurstMean / (a.BurstMean + a.CalmMean)
	return max(0, 1-inBurst*a.BurstFactor) / (1 - inBurst)
}

// process draws the times of arrival.
type process struct {
	rng *rand.Rand

	rate      float64   // requests/s, the episode's mean rate
	factors   []float64 // rates over the mean rate, by state
	now       float64   // s, the last arrival
	rates     []float64 // requests/s, by state
	stays     []float64 // mean s, by state; none: a single state
	next      [][]float64
	state     int
	stateEnds float64 // s

	gap     Law // of a renewal process, in units of its mean
	renewal bool
	first   bool // no arrival of the renewal process was drawn yet

	profile *Profile
	phase   float64 // s, the profile's time at the episode's 0
}

// newProcess draws what an episode's arrivals begin with.
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
		p.state = choose(a.Chain.parts, p.rng.Float64())
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

// draw moves now to the next arrival and returns it. Within a state arrivals
// are Poisson; where a state ends first, the draw starts anew from there,
// which changes nothing since the process has no memory.
func (p *process) draw() float64 {
	switch {
	case p.renewal:
		p.now = p.after(p.now, p.drawGap()/p.rates[0])
		return p.now
	case p.stays == nil:
		p.now = p.after(p.now, p.rng.ExpFloat64()/p.rates[0])
		return p.now
	}
	now := p.now
	for {
		// A state without arrivals gives +Inf here and passes.
		next := p.after(now, p.rng.ExpFloat64()/p.rates[p.state])
		if next <= p.stateEnds {
			p.now = next
			return next
		}
		now = p.stateEnds
		if p.next == nil {
			p.state = (p.state + 1) % len(p.stays)
		} else {
			p.state = choose(p.next[p.state], p.rng.Float64())
		}
		p.stateEnds = now + p.stays[p.state]*p.rng.ExpFloat64()
	}
}

// after returns the time by which the profile's integral from now on is work
// (s), which without a profile is now + work. Where the rate without the
// profile is constant, an exponential work gives exactly the Poisson process
// with the profile; states keep their length in s, and a renewal process is
// stretched as a whole.
func (p *process) after(now, work float64) float64 {
	if p.profile == nil {
		return now + work
	}
	return p.profile.after(now, p.phase, work)
}

// drawGap draws a time between arrivals in units of its mean. The first is
// what is left of a gap at a random time: with balanced means each phase has
// one half of the time, and an exponential has no memory.
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

// choose returns the index at which the running sum of shares passes u, and
// never one whose share is 0.
func choose(shares []float64, u float64) int {
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
