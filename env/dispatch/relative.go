package dispatch

import (
	"errors"
	"fmt"
	"math"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*Relative)(nil)
	_ Completer       = (*Relative)(nil)
	_ Resetter        = (*Relative)(nil)
	_ Heir            = (*Relative)(nil)
	_ snapshot.Stater = (*Relative)(nil)
)

// relativeName is what New knows the rule by.
const relativeName = "d2"

// relativeConfig has the constants of Relative.
type relativeConfig struct {
	High     float64 // of the pool's latency, from which on a server is unhealthy
	Low      float64 // of the pool's latency, up to which it is healthy
	Down     float64 // what an unhealthy server's health loses in an interval
	Up       float64 // what a healthy server's health gains
	Interval float64 // s
	Errors   float64 // part of a server's requests, from which on it is unhealthy; above 1: never
}

// d2Defaults returns the defaults of RelativeLoadBalancerStrategyFactory. Its bounds of
// the rate of errors are both 1.1, so that errors do not count unless an operator says so.
func d2Defaults() relativeConfig {
	return relativeConfig{High: 1.3, Low: 1.1, Down: 0.2, Up: 0.05, Interval: 5, Errors: 1.1}
}

// validate reports every constant that is out of its range.
func (c relativeConfig) validate() error {
	var faults []error
	check := func(ok bool, name string, value float64, rule string) {
		if !ok {
			faults = append(faults, fmt.Errorf("dispatch: %s: %s is %g: must be in %s", relativeName, name, value, rule))
		}
	}
	check(c.High >= 1 && c.High <= 1e6, "high", c.High, "[1, 1e6]")
	check(c.Low > 0 && c.Low <= c.High, "low", c.Low, fmt.Sprintf("(0, high], and high is %g", c.High))
	check(c.Down >= 0 && c.Down <= 1, "down", c.Down, "[0, 1]")
	check(c.Up >= 0 && c.Up <= 1, "up", c.Up, "[0, 1]")
	check(c.Interval > 0 && c.Interval <= 1e6, "interval", c.Interval, "(0, 1e6]")
	check(c.Errors > 0 && c.Errors <= 1e6, "errors", c.Errors, "(0, 1e6]")
	return errors.Join(faults...)
}

// minHealth is the health of a server whose health has come down to 0, so that it goes
// on being tried: D2's INITIAL_RECOVERY_HEALTH_SCORE.
const minHealth = 0.01

// Relative is the relative load balancer strategy of LinkedIn's D2, the newer one beside
// its degrader (rest.li, package com.linkedin.d2.balancer.strategies.relative: what the
// comments of D2RelativeStrategyProperties.pdl say, the defaults of
// RelativeLoadBalancerStrategyFactory, the steps of StateUpdater and QuarantineManager).
// Requests are spread at random, in proportion to capacity times health. Health is 1 at
// first. Every 5 s that of each server which had a request changes: it falls by 0.2 where
// the server's latency was at least 1.3 times the pool's, rises by 0.05 where it was at
// most 1.1 times, and stays between. Where it has come down to 0 it is 0.01.
//
// A latency is the average over the requests that ended in the interval, failed ones
// included, and those that are under way, with their ages. The pool's is over all
// requests. How many requests a server has plays no part but by that.
//
// What D2 has besides and leaves off by default is not here: quarantine with health
// checks, slow start, fast recovery. Nor is its ring, whose points, 100 for a weight of
// 1, are what health is rounded to; requests without a key are spread by it as at random.
//
// A pick costs the same whatever the number of servers N, and one in an interval O(N).
type Relative struct {
	random  *Random // by capacity times health
	weight  []float64
	cfg     relativeConfig
	servers []relativeHealth
	next    float64 // s, when the present interval ends
	stale   bool    // the weights of random are not those of the healths
}

// relativeHealth is what is known of one server.
type relativeHealth struct {
	health float64
	ended  int32   // requests that ended in the present interval
	failed int32   // those of them that failed
	times  float64 // s, the sum of their completion times
}

// newRelative returns the rule for New, with the constants that its name gives.
func newRelative(o Options) (Rule, error) {
	cfg := d2Defaults()
	o.constants.set("high", &cfg.High)
	o.constants.set("low", &cfg.Low)
	o.constants.set("down", &cfg.Down)
	o.constants.set("up", &cfg.Up)
	o.constants.set("interval", &cfg.Interval)
	o.constants.set("errors", &cfg.Errors)
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	random, err := NewRandom(o.Capacity)
	if err != nil {
		return nil, err
	}
	r := &Relative{random: random, weight: relative(o.Capacity), cfg: cfg, servers: make([]relativeHealth, len(o.Capacity))}
	r.Reset()
	return r, nil
}

// Reset implements Resetter.
func (r *Relative) Reset() {
	for j := range r.servers {
		r.servers[j] = relativeHealth{health: 1}
	}
	r.next, r.stale = r.cfg.Interval, true
}

// Pick implements Rule.
func (r *Relative) Pick(v *View) int {
	if v.Now >= r.next {
		r.endInterval(v)
	}
	if r.stale {
		r.stale = false
		for j := range r.servers {
			r.random.weights[j] = r.weight[j] * r.servers[j].health
		}
		r.random.members.update(v)
		r.random.tabulate()
	}
	return r.random.Pick(v)
}

// endInterval changes the healths by what happened since the interval began. It is
// called at the first request after its end.
func (r *Relative) endInterval(v *View) {
	requests, times := 0.0, 0.0
	for j := range r.servers {
		s := &r.servers[j]
		requests += float64(s.ended) + float64(v.Ongoing[j])
		times += s.times + v.Age(j)
	}
	for j := range r.servers {
		r.judge(v, j, times/requests)
	}
	r.next = (math.Floor(v.Now/r.cfg.Interval) + 1) * r.cfg.Interval
	r.stale = true
}

// judge changes the health of a server, where the pool's latency (s) is given.
func (r *Relative) judge(v *View, server int, pool float64) {
	s := &r.servers[server]
	requests := float64(s.ended) + float64(v.Ongoing[server])
	latency, errors := (s.times+v.Age(server))/requests, float64(s.failed)/requests
	switch {
	case requests < 1:
	case latency >= r.cfg.High*pool || errors >= r.cfg.Errors:
		if s.health -= r.cfg.Down; s.health < 1e-9 {
			s.health = minHealth
		}
	case latency <= r.cfg.Low*pool:
		s.health = min(s.health+r.cfg.Up, 1)
	}
	s.ended, s.failed, s.times = 0, 0, 0
}

// Completed implements Completer.
func (r *Relative) Completed(c Completion) {
	s := &r.servers[c.Server]
	s.ended = min(s.ended, math.MaxInt32-1) + 1
	s.times += c.Duration
	if c.Failed {
		s.failed = min(s.failed, math.MaxInt32-1) + 1
	}
}

// Inherit implements Heir. A server that old did not have is healthy.
func (r *Relative) Inherit(old Rule, from []int) {
	o, ok := old.(*Relative)
	if !ok {
		return
	}
	r.Reset()
	r.next = o.next
	for j, k := range from {
		if k >= 0 {
			r.servers[j] = o.servers[k]
		}
	}
}

// State implements snapshot.Stater.
func (r *Relative) State(c *snapshot.Codec) {
	snapshot.Fixed(c, r.servers, func(s *relativeHealth) {
		c.Float64(&s.health)
		snapshot.Int(c, &s.ended)
		snapshot.Int(c, &s.failed)
		c.Float64(&s.times)
		if !(s.health >= 1e-9 && s.health <= 1 && s.times >= 0 && s.times <= math.MaxFloat64) || s.ended < 0 || s.failed < 0 || s.failed > s.ended {
			c.Fail("health %g, %d requests of %g s, %d of them failed", s.health, s.ended, s.times, s.failed)
		}
	})
	c.Float64(&r.next)
	if !(r.next > 0 && r.next <= math.MaxFloat64) {
		c.Fail("an interval until %g s", r.next)
	}
	if !c.Reading() {
		return
	}
	r.stale = true
	if c.Err() != nil {
		r.Reset()
	}
}
