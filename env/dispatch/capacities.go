package dispatch

import (
	"errors"
	"fmt"
	"math"

	"fairlb/env/snapshot"
)

// SelfTuningConfig has the constants of Capacities, and so of SelfTuning. None of them is in a unit of
// time or of capacity, so that one choice serves every pool.
type SelfTuningConfig struct {
	// Exponent is what a server's estimated capacity is raised to: 1 trusts the
	// estimate, 0 is LSQ.
	Exponent float64
	// Window is the number of completions per server of the pool after which a
	// measurement has lost all but 1/e of its weight.
	Window float64
	// Prior is how many completions of the pool's average every estimate begins
	// with, and goes back to where a server is not used.
	Prior float64
}

// DefaultSelfTuning returns the constants that were chosen, once, on the random pools 1
// to 192 of package env/scenario (fairlb pools), where this choice has the least
// geometric mean; exponents of 0.65 to 1, windows of 100 to 3000 and priors of 1 to
// 10 are within 2 % of it.
func DefaultSelfTuning() SelfTuningConfig {
	return SelfTuningConfig{Exponent: 0.65, Window: 200, Prior: 1}
}

// validate reports every constant that is out of its range.
func (c SelfTuningConfig) validate() error {
	var faults []error
	check := func(ok bool, name string, value float64, rule string) {
		if !ok {
			faults = append(faults, fmt.Errorf("dispatch: self-tuning: %s is %g: must be in %s", name, value, rule))
		}
	}
	check(c.Exponent >= 0 && c.Exponent <= 2, "exponent", c.Exponent, "[0, 2]")
	check(c.Window >= 1 && c.Window <= 1e9, "window", c.Window, "[1, 1e9]")
	check(c.Prior > 0 && c.Prior <= 1e9, "prior", c.Prior, "(0, 1e9]")
	return errors.Join(faults...)
}

// Capacities estimates what each server can do for one LB from the LB's own
// completions, and makes weights of that. The capacity of server j is
//
//	a_j = (sum of counts / sum of completion times), relative to the whole pool's,
//
// where a count is that of the LB's requests on the server when one of them ended
// there, itself included. By Little's law the quotient is the rate at which the server
// gets through this LB's requests. The weight of a server is a_j^Exponent.
//
// All sums decay by the LB's completions, and those of a server include Prior
// completions of the pool's average. A weight is computed when something is added to
// its server, or by Refresh: the pool's average changes all of them at each completion.
type Capacities struct {
	cfg   SelfTuningConfig
	span  float64 // completions after which a measurement has lost all but 1/e of its weight
	decay float64 // what one completion leaves of the weight of those before

	completions uint64     // successful ones, so far
	servers     []estimate // by server
	pool        sums       // of all servers
}

// sums are decayed sums over completions.
type sums struct {
	number float64 // 1 each
	counts float64 // of the LB's requests on the server at the completion
	times  float64 // s, of completion times
}

// estimate is what is known of one server.
type estimate struct {
	sums
	asOf   uint64  // Capacities.completions when the sums were last decayed
	weight float64 // a_j^Exponent
}

// NewCapacities returns what estimates the capacities of a number of servers, of
// which nothing is known yet.
func NewCapacities(servers int, cfg SelfTuningConfig) (*Capacities, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := checkWeights(uniform(servers)); err != nil {
		return nil, err
	}
	e := &Capacities{cfg: cfg, servers: make([]estimate, servers)}
	e.SetPool(servers)
	e.Reset()
	return e, nil
}

// SetPool says how many servers the pool has, where that is not the number of those
// that are told apart: the window of the estimates is in completions per server.
func (e *Capacities) SetPool(servers int) {
	e.span = e.cfg.Window * float64(servers)
	e.decay = math.Exp(-1 / e.span)
}

// Reset forgets all completions.
func (e *Capacities) Reset() {
	for j := range e.servers {
		e.servers[j] = estimate{weight: 1}
	}
	e.completions, e.pool = 0, sums{}
}

// Servers returns the number of servers.
func (e *Capacities) Servers() int { return len(e.servers) }

// Grow makes room for more servers, of which nothing is known.
func (e *Capacities) Grow(servers int) {
	for len(e.servers) < servers {
		e.servers = append(e.servers, estimate{asOf: e.completions, weight: 1})
	}
}

// Forget drops what is known of a server, because another one has taken its index.
func (e *Capacities) Forget(server int) {
	e.decaySums(server)
	x := &e.servers[server]
	e.pool = sums{max(0, e.pool.number-x.number), max(0, e.pool.counts-x.counts), max(0, e.pool.times-x.times)}
	*x = estimate{asOf: e.completions, weight: 1}
}

// Inherit takes over what old knows: from[j] is what server j was there, -1 if it is new
// and nothing is known of it.
func (e *Capacities) Inherit(old *Capacities, from []int) {
	e.completions, e.pool = old.completions, old.pool
	for j, k := range from {
		e.servers[j] = estimate{asOf: e.completions, weight: 1}
		if k >= 0 {
			old.decaySums(k) // by the span of the pool that it was in
			e.servers[j] = old.servers[k]
		}
		e.Refresh(j)
	}
}

// Add adds a number of completions of one server, at least 1: the sum of the LB's
// counts of its requests there at each of them, that request included, and the sum of
// their completion times (s).
func (e *Capacities) Add(server int, number uint64, counts, times float64) {
	decay := e.decay
	if number != 1 {
		decay = math.Exp(-float64(number) / e.span)
	}
	e.completions += number
	e.decaySums(server)
	e.servers[server].add(float64(number), counts, times)
	e.pool.scale(decay)
	e.pool.add(float64(number), counts, times)
	e.Refresh(server)
}

// MeanDuration returns the pool's mean completion time (s), 0 before there is one.
func (e *Capacities) MeanDuration() float64 {
	if e.pool.number == 0 {
		return 0
	}
	return e.pool.times / e.pool.number
}

// Weight returns the weight of a server, a_j^Exponent, as last computed; 1 is that of
// a server of the pool's average.
func (e *Capacities) Weight(server int) float64 { return e.servers[server].weight }

// decaySums decays the sums of a server to the present completion.
func (e *Capacities) decaySums(server int) {
	x := &e.servers[server]
	if x.asOf != e.completions {
		x.scale(math.Exp(-float64(e.completions-x.asOf) / e.span))
		x.asOf = e.completions
	}
}

// Refresh computes a server's weight, as of the present completion.
func (e *Capacities) Refresh(server int) {
	x := &e.servers[server]
	x.weight = 1
	if !(e.pool.counts > 0 && e.pool.times > 0) {
		return
	}
	x.weight = math.Pow(min(max(e.relative(server), 1e-9), 1e9), e.cfg.Exponent)
}

// relative returns a server's capacity relative to the pool's, which must have
// completed something.
func (e *Capacities) relative(server int) float64 {
	e.decaySums(server)
	x := &e.servers[server]
	prior := e.cfg.Prior / e.pool.number
	return (x.counts/e.pool.counts + prior) / (x.times/e.pool.times + prior)
}

// known returns the number of completions that an estimate stands on, decayed, and the
// logarithm of the server's capacity relative to the pool's; 0 before anything is known.
func (e *Capacities) known(server int) (number, capacity float64) {
	if !(e.pool.counts > 0 && e.pool.times > 0) {
		return 0, 0
	}
	relative := e.relative(server)
	return e.servers[server].number, math.Log(min(max(relative, 1e-9), 1e9))
}

// Rate returns the estimate of the rate (1/s) at which a server gets through the LB's
// requests, without the exponent; 0 before anything is known.
func (e *Capacities) Rate(server int) float64 {
	if !(e.pool.counts > 0 && e.pool.times > 0) {
		return 0
	}
	return e.relative(server) * e.pool.counts / e.pool.times
}

// add adds completions.
func (s *sums) add(number, counts, times float64) {
	s.number += number
	s.counts += counts
	s.times += times
}

// scale multiplies all sums.
func (s *sums) scale(by float64) {
	s.number *= by
	s.counts *= by
	s.times *= by
}

// state saves or restores all that is known.
func (e *Capacities) state(c *snapshot.Codec) {
	c.Uint64(&e.completions)
	e.pool.state(c)
	snapshot.Fixed(c, e.servers, func(x *estimate) {
		x.state(c)
		c.Uint64(&x.asOf)
		c.Float64(&x.weight)
		if x.asOf > e.completions {
			c.Fail("sums as of completion %d of %d", x.asOf, e.completions)
		}
		if !(x.weight >= 1e-18 && x.weight <= 1e18) {
			c.Fail("a weight of %g", x.weight)
		}
	})
}

func (s *sums) state(c *snapshot.Codec) {
	for _, x := range []*float64{&s.number, &s.counts, &s.times} {
		c.Float64(x)
		if !(*x >= 0 && *x <= math.MaxFloat64) {
			c.Fail("a sum of %g", *x)
		}
	}
}
