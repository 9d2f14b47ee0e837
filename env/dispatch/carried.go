package dispatch

import (
	"errors"
	"fmt"
	"math"

	"fairlb/env/snapshot"
)

// CarriedName is what New knows the rule by that heeds what servers tell of their
// requests.
const CarriedName = "carried"

// carriedConstants are those of carried. None of them is in a unit of time or of capacity.
type carriedConstants struct {
	SelfTuningConfig // of the estimates of capacities; Exponent is how far they are believed at most

	// Age is how many requests a server of the pool gets through, on average, until what a
	// server has said has lost all but 1/e of its weight.
	Age float64
	// Memory is the number of its reports after which one has lost all but 1/e of its
	// weight in what is usual at a server.
	Memory float64
	// Order is how many requests more the last server of the order of ties seems to have
	// than the first.
	Order float64
}

// defaultCarried returns the constants that were chosen on the random pools 200001 to
// 200048 and on seeds 500 to 519 of sim-moderate and misweighted (results/studies/carried.md).
func defaultCarried() carriedConstants {
	return carriedConstants{SelfTuningConfig: DefaultSelfTuning(), Age: 1, Memory: 50, Order: 0.3}
}

// validate reports every constant that is out of its range.
func (c carriedConstants) validate() error {
	faults := []error{c.SelfTuningConfig.validate()}
	for _, x := range []struct {
		name  string
		value float64
		low   float64
		high  float64
	}{{"age", c.Age, 1e-6, 1e6}, {"memory", c.Memory, 1, 1e9}, {"order", c.Order, 0, 100}} {
		if !(x.value >= x.low && x.value <= x.high) {
			faults = append(faults, fmt.Errorf("dispatch: %s: %s is %g: must be in [%g, %g]", CarriedName, x.name, x.value, x.low, x.high))
		}
	}
	return errors.Join(faults...)
}

// reportsOfPool is how many reports of the pool's average stand in what is usual at a
// server.
const reportsOfPool = 2

// expectedAtOnce is the number of servers whose expectations are computed anew at each
// pick. All of them change with time; with more servers none is older than a few picks.
const expectedAtOnce = 16

// carriedScore is the score of the rule carried: that of self-tuning with the expected
// number o_j of the requests of other LBs,
//
//	(q_j + 1 + o_j + e_j) / w_j.
//
// o_j goes from what server j said last (View.Told) towards what is usual there, by
// exp(-age / (Age * s)), where s is the mean time in which a server of the pool gets
// through one request, by Little's law the mean completion time over the mean total number
// of requests of a server. In that time about as many come, so that a server which seemed
// to have few has been sent some by all that were told so. What is usual is the average of
// what it said, with a prior of what servers of its weight say. A server that has said
// nothing has what is usual.
//
// w_j is a blend of the configured capacity with an estimated one. The latter is the
// slope, by least squares, of completion times on the total number of requests that the
// responses carry, n: sum of n^2 over sum of n times completion time (Capacities). Little's
// law says how fast a server gets through n requests; those completions count most at
// which it was busy with many, since one of several processors that is idle says nothing
// of what the server can do. What a server gets through for one LB is part of it all, so
// that other than self-tuning's own the estimate does not depend on what others send.
// Responses that carry nothing count with the expected total.
//
// e_j is Order times the place of the server in the order of OrderedTies, between 0 and
// 1: LBs prefer different servers, which leaves each less to guess of the others.
type carriedScore struct {
	constants  carriedConstants
	capacities *Capacities
	weights    blend
	preference []float64 // e_j, by server

	servers   []expectation
	usual     float64 // the mean of what all servers say, divided by their weights, as last summed up
	durations average // of completion times, s
	total     average // of the total numbers of requests of their servers at completions
	next      int     // the server whose turn it is to have its expectation computed
	age       float64 // Age, or what stands in its place at the moment
}

// expectation is what is expected of the requests that other LBs have on one server.
type expectation struct {
	said  float64 // s, when it said what the expectation stands on; negative: nothing yet
	then  float64 // how many it said
	usual average // of what it says

	expected float64 // as last computed
	usually  float64 // what is usual there, as last computed
}

// average is of numbers that fade as others are added.
type average struct{ sum, number float64 }

// add adds a number, after which all those before keep a part of their weight.
func (a *average) add(x, keep float64) {
	a.scale(keep)
	a.sum += x
	a.number++
}

// scale lets all numbers keep a part of their weight.
func (a *average) scale(by float64) {
	a.sum *= by
	a.number *= by
}

// mean returns the average; 0 of nothing.
func (a *average) mean() float64 {
	if a.number == 0 {
		return 0
	}
	return a.sum / a.number
}

func (a *average) state(c *snapshot.Codec) {
	c.Float64(&a.sum)
	c.Float64(&a.number)
	if !(a.sum >= 0 && a.sum <= math.MaxFloat64) || !(a.number >= 0 && a.number <= math.MaxFloat64) {
		c.Fail("an average of %g numbers of sum %g", a.number, a.sum)
	}
}

// newCarried returns the rule for New, with the constants that its name gives.
func newCarried(o Options) (Rule, error) {
	k := defaultCarried()
	o.constants.set("exponent", &k.Exponent)
	o.constants.set("window", &k.Window)
	o.constants.set("prior", &k.Prior)
	o.constants.set("age", &k.Age)
	o.constants.set("memory", &k.Memory)
	o.constants.set("order", &k.Order)
	r, s, err := carriedRule(CarriedName, k, o)
	if err != nil {
		return nil, err
	}
	r.tuned = s
	return r, nil
}

// carriedRule returns self-tuning's frame and carried's score for a rule of such a name.
func carriedRule(name string, k carriedConstants, o Options) (*SelfTuning, *carriedScore, error) {
	if !o.Told {
		return nil, nil, fmt.Errorf("dispatch: %s: needs servers that tell how many requests they have: set reports.carried or reports.every in the scenario", name)
	}
	if err := errors.Join(k.validate(), checkWeights(o.Capacity)); err != nil {
		return nil, nil, err
	}
	r, err := NewSelfTuning(o, k.SelfTuningConfig)
	if err != nil {
		return nil, nil, err
	}
	n := len(o.Capacity)
	s := &carriedScore{
		constants: k, capacities: r.capacities, weights: newBlend(o.Capacity, k.Exponent),
		preference: make([]float64, n), servers: make([]expectation, n), age: k.Age,
	}
	for place, j := range OrderedTies.order(o.Capacity, o) {
		s.preference[j] = k.Order * float64(place) / float64(n)
	}
	s.reset()
	return r, s, nil
}

// reset forgets everything but the constants. The owner of the capacities resets them.
func (s *carriedScore) reset() {
	s.weights.reset()
	s.usual, s.durations, s.total, s.next = 0, average{}, average{}, 0
	for j := range s.servers {
		s.servers[j] = expectation{said: -1}
	}
}

// refresh computes the weight of a server. It is called for one server after the other,
// and sums up the pool before the first.
func (s *carriedScore) refresh(server int) {
	if server == 0 {
		s.weights.sum()
		s.sum()
	}
	s.weigh(server)
}

// sum sums up what is usual in the pool.
func (s *carriedScore) sum() {
	all := average{}
	for j := range s.servers {
		all.sum += s.servers[j].usual.sum / s.weights.servers[j].weight
		all.number += s.servers[j].usual.number
	}
	s.usual = all.mean()
}

// weigh computes the weight of a server by what is known of it now.
func (s *carriedScore) weigh(server int) {
	completions, estimate := s.capacities.known(server)
	s.weights.set(server, completions, estimate)
}

// turns implements tunedScore: all expectations change with time.
func (s *carriedScore) turns() int { return min(expectedAtOnce, len(s.servers)) }

// totals implements tunedScore.
func (s *carriedScore) totals() bool { return true }

// meanDuration implements tunedScore.
func (s *carriedScore) meanDuration() float64 { return s.durations.mean() }

// turn returns the server whose turn it is to have its expectation computed, and computes
// it.
func (s *carriedScore) turn(v *View) int {
	server := s.next
	s.next = (s.next + 1) % len(s.servers)
	if !s.hear(v, server) {
		s.expect(v, server)
	}
	return server
}

// hear takes over what a server has said since it was last asked for, and says whether
// there was something.
func (s *carriedScore) hear(v *View, server int) bool {
	if v.Told == nil || v.Told[server].Said <= s.servers[server].said {
		return false
	}
	x, t := &s.servers[server], &v.Told[server]
	x.said, x.then = t.Said, float64(t.Others())
	x.usual.add(x.then, math.Exp(-1/s.constants.Memory))
	s.expect(v, server)
	return true
}

// expect computes the expectation of a server, as of now.
func (s *carriedScore) expect(v *View, server int) {
	x := &s.servers[server]
	usual := s.usually(server)
	fresh := 0.0
	if x.said >= 0 && s.durations.sum > 0 {
		fresh = math.Exp(-(v.Now - x.said) * s.total.sum / (s.age * s.durations.sum))
	}
	x.expected, x.usually = usual+fresh*(x.then-usual), usual
}

// usually returns how many requests the other LBs usually have on a server.
func (s *carriedScore) usually(server int) float64 {
	x := &s.servers[server].usual
	return (x.sum + reportsOfPool*s.usual*s.weights.servers[server].weight) / (x.number + reportsOfPool)
}

// score returns the score of a server.
func (s *carriedScore) score(v *View, server, _ int) float64 {
	return (float64(v.Ongoing[server]) + 1 + s.servers[server].expected + s.preference[server]) / s.weights.servers[server].weight
}

// completed learns from a completion.
func (s *carriedScore) completed(c Completion) {
	n := s.requests(c)
	s.capacities.Add(c.Server, 1, n*n, n*c.Duration)
	s.durations.add(c.Duration, s.capacities.decay)
	s.total.add(n, s.capacities.decay)
	s.weigh(c.Server)
}

// requests returns how many requests a server had, of all LBs, when it completed one of them.
func (s *carriedScore) requests(c Completion) float64 {
	if c.Total == 0 {
		return float64(c.Ongoing) + s.servers[c.Server].expected
	}
	return float64(c.Total)
}

// inherit takes over what is known of the servers that old had, by its indices (Heir),
// but for what they said last.
func (s *carriedScore) inherit(other tunedScore, from []int) {
	old := other.(*carriedScore) // the one score by totals
	s.weights.inherit(&old.weights, from)
	s.durations, s.total = old.durations, old.total
	for j, k := range from {
		if k >= 0 {
			s.servers[j].usual = old.servers[k].usual
		}
	}
	s.sum()
}

// state saves or restores what is known.
func (s *carriedScore) state(c *snapshot.Codec) {
	s.weights.state(c)
	c.Float64(&s.usual)
	if !(s.usual >= 0 && s.usual <= math.MaxFloat64) {
		c.Fail("%g requests are usual", s.usual)
	}
	s.durations.state(c)
	s.total.state(c)
	snapshot.Int(c, &s.next)
	if s.next < 0 || s.next >= len(s.servers) {
		c.Fail("server %d of %d", s.next, len(s.servers))
	}
	snapshot.Fixed(c, s.servers, func(x *expectation) {
		for _, y := range []*float64{&x.said, &x.then, &x.expected, &x.usually} {
			c.Float64(y)
			if !(*y >= -1 && *y <= math.MaxFloat64) {
				c.Fail("%g requests or s", *y)
			}
		}
		if x.then < 0 || x.expected < 0 || x.usually < 0 {
			c.Fail("%g requests, %g expected", x.then, x.expected)
		}
		x.usual.state(c)
	})
}
