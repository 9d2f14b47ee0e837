package dispatch

import (
	"fmt"
	"math"

	"fairlb/env/snapshot"
)

// ClassAwareName is what New knows the rule by that heeds the classes of requests.
const ClassAwareName = "class-aware"

// MaxClasses is the largest number of classes that class-aware tells apart. It keeps as many
// scores of every server.
const MaxClasses = 16

// classScore is the score of the rule class-aware: that of self-tuning for a request of
// class k with the LB's ongoing requests counted by what their classes have cost,
//
//	(1 + sum over classes m of q_jm * min(1, c_m / c_k)) / a_j^Exponent.
//
// c_k is what a request of class k costs: the mean completion time of the class over the
// mean of all of the LB's requests, both decayed as the estimates of capacities are, and
// both over all servers. Where servers share their processors, another request slows this
// one down for as long as both are there, so that one of a class that costs less counts
// less, and one that costs more counts as one: this one is gone first. (A server with one
// queue would ask for the sum of costs; shared processors are what the rule takes for given.)
//
// a_j is self-tuning's estimate, made of completion times over c_k of their requests'
// classes. A server does not seem slow because it got the requests that take long; and
// since most of the difference between completion times is that of classes, the estimate
// is less noisy. With one class the rule is self-tuning.
type classScore struct {
	capacities *Capacities
	classes    []average // of completion times (s), by class
	all        average   // of all completion times (s)

	// Costs are computed anew once in as many picks as there are servers, which go over to
	// them one at each pick: those up to refreshed count by costs, the others by former ones.
	costs, former classCosts
	refreshed     int
}

// classCosts is what classes cost.
type classCosts struct {
	cost  []float64   // c_k
	parts [][]float64 // by k and m, min(1, c_m / c_k)
}

func newClassCosts(classes int) classCosts {
	c := classCosts{cost: make([]float64, classes), parts: make([][]float64, classes)}
	for k := range c.parts {
		c.parts[k] = make([]float64, classes)
	}
	return c
}

// compare compares the costs of classes with each other.
func (c *classCosts) compare() {
	for k := range c.parts {
		for m := range c.parts[k] {
			c.parts[k][m] = min(1, c.cost[m]/c.cost[k])
		}
	}
}

// state saves or restores the costs.
func (c *classCosts) state(codec *snapshot.Codec) {
	snapshot.Fixed(codec, c.cost, func(x *float64) {
		codec.Float64(x)
		if !(*x >= leastCost && *x <= math.MaxFloat64) {
			codec.Fail("a class that costs %g", *x)
		}
	})
	if codec.Reading() && codec.Err() == nil {
		c.compare()
	}
}

// classPrior is how many completions of the mean of all requests stand in a class's mean.
const classPrior = 1

// newClassAware returns the rule for New, with the constants that its name gives.
func newClassAware(o Options) (Rule, error) {
	switch {
	case o.Classes == 0:
		return nil, fmt.Errorf("dispatch: %s: needs load balancers that see of which class a request is: set classes_seen in the scenario", ClassAwareName)
	case o.Classes > MaxClasses:
		return nil, fmt.Errorf("dispatch: %s: %d classes: must be at most %d", ClassAwareName, o.Classes, MaxClasses)
	}
	rule, err := newSelfTuning(o)
	if err != nil {
		return nil, err
	}
	r := rule.(*SelfTuning)
	s := &classScore{capacities: r.capacities, classes: make([]average, o.Classes), costs: newClassCosts(o.Classes), former: newClassCosts(o.Classes)}
	for range o.Classes - 1 {
		r.scores = append(r.scores, newScoreTree(len(o.Capacity)))
	}
	s.reset()
	r.tuned = s
	return r, nil
}

// reset forgets everything. The owner of the capacities resets them.
func (s *classScore) reset() {
	clear(s.classes)
	s.all, s.refreshed = average{}, 0
	s.compute(&s.costs)
	s.compute(&s.former)
}

// refresh lets a server count by the present costs, which are computed before the first
// server's turn.
func (s *classScore) refresh(server int) {
	if server == 0 {
		s.costs, s.former = s.former, s.costs
		s.compute(&s.costs)
	}
	s.refreshed = server
}

// compute computes what classes cost now.
func (s *classScore) compute(c *classCosts) {
	mean := s.all.mean()
	for k, x := range s.classes {
		c.cost[k] = 1
		if mean > 0 && len(s.classes) > 1 {
			c.cost[k] = max((x.sum/mean+classPrior)/(x.number+classPrior), leastCost)
		}
	}
	c.compare()
}

// leastCost keeps costs, by which completion times are divided, from 0.
const leastCost = 1e-9

// score returns the score of a server for a request of a class.
func (s *classScore) score(v *View, server, class int) float64 {
	parts := s.costs.parts[class]
	if server > s.refreshed {
		parts = s.former.parts[class]
	}
	sum := 1.0
	for m, n := range v.OfClasses(server) {
		sum += parts[m] * float64(n)
	}
	return sum / s.capacities.Weight(server)
}

// completed learns from a completion.
func (s *classScore) completed(c Completion) {
	for k := range s.classes {
		s.classes[k].scale(s.capacities.decay)
	}
	s.classes[c.Class].add(c.Duration, 1)
	s.all.add(c.Duration, s.capacities.decay)
	s.capacities.Add(c.Server, 1, float64(c.Ongoing), c.Duration/s.costs.cost[c.Class])
}

func (s *classScore) hear(*View, int) bool  { return false }
func (s *classScore) turn(*View) int        { return 0 }
func (s *classScore) turns() int            { return 0 }
func (s *classScore) totals() bool          { return false }
func (s *classScore) meanDuration() float64 { return s.all.mean() }

// inherit takes over what classes have cost, unless old did not tell as many apart. That is
// not by server.
func (s *classScore) inherit(old tunedScore, _ []int) {
	o, ok := old.(*classScore)
	if !ok || len(o.classes) != len(s.classes) {
		return
	}
	copy(s.classes, o.classes)
	s.all = o.all
	s.compute(&s.costs)
	s.compute(&s.former)
}

// state saves or restores what is known of the classes.
func (s *classScore) state(c *snapshot.Codec) {
	snapshot.Fixed(c, s.classes, func(x *average) { x.state(c) })
	s.all.state(c)
	s.costs.state(c)
	s.former.state(c)
	snapshot.Int(c, &s.refreshed)
	if s.refreshed < 0 || s.refreshed >= s.capacities.Servers() {
		c.Fail("server %d of %d", s.refreshed, s.capacities.Servers())
	}
}
