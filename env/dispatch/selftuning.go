package dispatch

import (
	"errors"
	"fmt"
	"math"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*SelfTuning)(nil)
	_ Completer       = (*SelfTuning)(nil)
	_ Resetter        = (*SelfTuning)(nil)
	_ snapshot.Stater = (*SelfTuning)(nil)
)

// selfTuningName is what New knows the rule by.
const selfTuningName = "self-tuning"

// SelfTuningConfig has the constants of SelfTuning. None of them is in a unit of
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

// SelfTuning is SED by capacities that the LB estimates from its own requests: it
// needs no configured capacity and no training. A request goes to
//
//	argmin_j (q_j + 1) / a_j^Exponent,
//
// where a_j is the sum of the LB's counts on server j, taken when one of its requests
// ends there, over the sum of these requests' completion times, relative to the same
// quotient of the whole pool. By Little's law that is the rate at which the server
// gets through this LB's requests. A server that other LBs use much looks slow, so
// that LBs come to prefer different servers.
//
// Both sums decay, by the LB's completions, and both include Prior completions of
// the pool's average, so that a server which is not used goes back to the average
// and is tried again. The pool's average changes with every completion, and every
// a_j with it: the weight of a server is computed anew when one of its requests ends
// and, server after server, one more at each pick. A decision costs O(log servers),
// and no weight is older than as many picks as there are servers.
//
// Ties are broken by an order that every second LB reverses. They are common only
// before the first completions. Requests that fail put their server on probation
// (type probation).
type SelfTuning struct {
	cfg      SelfTuningConfig
	reversed bool    // the last server is the first of those that tie
	decay    float64 // what a completion leaves of the weight of those before

	completions uint64     // successful ones, so far
	estimates   []estimate // by server
	pool        sums       // of all servers
	refreshed   int        // the server whose turn it was at the last pick to have its weight computed
	probation   probation  // of servers that have failed
	scores      scoreTree  // by place in the order of ties
	stale       []int32    // servers with a completion since the last pick, whose scores are out of date
	filled      bool       // every score has been computed
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
	asOf   uint64  // SelfTuning.completions when the sums were last decayed
	weight float64 // a_j^Exponent
}

// NewSelfTuning returns the rule of the LB of the given index for a number of
// servers.
func NewSelfTuning(servers, lb int, cfg SelfTuningConfig) (*SelfTuning, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := checkWeights(uniform(servers)); err != nil {
		return nil, err
	}
	r := &SelfTuning{
		cfg: cfg, reversed: lb%2 == 1, decay: math.Exp(-1 / (cfg.Window * float64(servers))),
		estimates: make([]estimate, servers), probation: newProbation(servers), scores: newScoreTree(servers),
		stale: make([]int32, 0, servers),
	}
	r.Reset()
	return r, nil
}

// newSelfTuning returns the rule for New, with the constants that its name gives.
func newSelfTuning(o Options) (Rule, error) {
	cfg := DefaultSelfTuning()
	o.constants.set("exponent", &cfg.Exponent)
	o.constants.set("window", &cfg.Window)
	o.constants.set("prior", &cfg.Prior)
	return NewSelfTuning(len(o.Capacity), o.LB, cfg)
}

// Reset implements Resetter.
func (r *SelfTuning) Reset() {
	for j := range r.estimates {
		r.estimates[j] = estimate{weight: 1}
	}
	r.completions, r.pool, r.refreshed, r.filled, r.stale = 0, sums{}, 0, false, r.stale[:0]
	r.probation.reset()
}

// Pick implements Rule: O(log servers) for each count that changed.
func (r *SelfTuning) Pick(v *View) int {
	r.refreshed = (r.refreshed + 1) % len(r.estimates)
	r.updateWeight(r.refreshed)
	if v.changed == nil || !r.filled {
		r.filled = true
		for j := range r.estimates {
			r.endProbationOfOut(v, j)
		}
		r.scores.fill(func(place int) float64 { return r.score(v, r.place(place)) }, len(r.estimates))
	} else {
		for _, list := range [][]int32{v.changed, r.stale} {
			for _, j := range list {
				r.endProbationOfOut(v, int(j))
				r.updateScore(v, int(j))
			}
		}
		r.updateScore(v, r.refreshed)
	}
	r.stale = r.stale[:0]
	for server := r.probation.endWait(v.Now); server >= 0; server = r.probation.endWait(v.Now) {
		r.updateScore(v, server)
	}
	server := r.place(r.scores.first())
	if r.probation.sent(server) {
		r.updateScore(v, server)
	}
	return server
}

// endProbationOfOut ends the probation of a server that is out: whoever brings it back
// in knows that it works.
func (r *SelfTuning) endProbationOfOut(v *View, server int) {
	if v.out(server) {
		r.probation.end(server)
	}
}

// updateScore computes a server's score anew.
func (r *SelfTuning) updateScore(v *View, server int) {
	r.scores.set(r.place(server), r.score(v, server))
}

// place returns the place of a server in the order of ties and, as the order
// is reversed or not, the server at a place.
func (r *SelfTuning) place(server int) int {
	if r.reversed {
		return len(r.estimates) - 1 - server
	}
	return server
}

// onProbationFactor makes a score greater than that of any server that is not on
// probation. Weights are in [1e-18, 1e18].
const onProbationFactor = 1e100

// score returns a server's score: +Inf if it is out, and a large number if it is on
// probation, so that it is picked only where every other one is, too.
func (r *SelfTuning) score(v *View, server int) float64 {
	if v.out(server) {
		return math.Inf(1)
	}
	s := float64(v.Ongoing[server]+1) / r.estimates[server].weight
	if r.probation.holds(server) {
		s *= onProbationFactor
	}
	return s
}

// Completed implements Completer.
func (r *SelfTuning) Completed(c Completion) {
	// The weight changes even where no count does, which is all that the View tells of.
	if len(r.stale) < cap(r.stale) {
		r.stale = append(r.stale, int32(c.Server))
	} else {
		r.filled = false
	}
	if c.Failed {
		r.probation.fail(c, r.meanTime())
		return
	}
	r.probation.succeed(c.Server, c.Now)
	r.completions++
	r.decaySums(c.Server)
	r.estimates[c.Server].add(c)
	r.pool.scale(r.decay)
	r.pool.add(c)
	r.updateWeight(c.Server)
}

// meanTime returns the pool's mean completion time (s), 0 before there is one.
func (r *SelfTuning) meanTime() float64 {
	if r.pool.number == 0 {
		return 0
	}
	return r.pool.times / r.pool.number
}

// decaySums decays the sums of a server to the present completion.
func (r *SelfTuning) decaySums(server int) {
	e := &r.estimates[server]
	if e.asOf != r.completions {
		e.scale(math.Exp(-float64(r.completions-e.asOf) / (r.cfg.Window * float64(len(r.estimates)))))
		e.asOf = r.completions
	}
}

// updateWeight computes a server's weight, as of the present completion.
func (r *SelfTuning) updateWeight(server int) {
	e := &r.estimates[server]
	e.weight = 1
	if !(r.pool.counts > 0 && r.pool.times > 0) {
		return
	}
	r.decaySums(server)
	prior := r.cfg.Prior / r.pool.number
	capacity := (e.counts/r.pool.counts + prior) / (e.times/r.pool.times + prior)
	e.weight = math.Pow(min(max(capacity, 1e-9), 1e9), r.cfg.Exponent)
}

// add adds a completion.
func (s *sums) add(c Completion) {
	s.number++
	s.counts += float64(c.Ongoing)
	s.times += c.Duration
}

// scale multiplies all sums.
func (s *sums) scale(by float64) {
	s.number *= by
	s.counts *= by
	s.times *= by
}

// State implements snapshot.Stater.
func (r *SelfTuning) State(c *snapshot.Codec) {
	c.Uint64(&r.completions)
	r.pool.state(c)
	snapshot.Fixed(c, r.estimates, func(e *estimate) {
		e.state(c)
		c.Uint64(&e.asOf)
		c.Float64(&e.weight)
		if e.asOf > r.completions {
			c.Fail("sums as of completion %d of %d", e.asOf, r.completions)
		}
		if !(e.weight >= 1e-18 && e.weight <= 1e18) {
			c.Fail("a weight of %g", e.weight)
		}
	})
	snapshot.Int(c, &r.refreshed)
	if r.refreshed < 0 || r.refreshed >= len(r.estimates) {
		c.Fail("server %d of %d", r.refreshed, len(r.estimates))
	}
	r.probation.state(c)
	if !c.Reading() {
		return
	}
	r.filled = false
	if c.Err() != nil {
		r.Reset()
	}
}

func (s *sums) state(c *snapshot.Codec) {
	for _, x := range []*float64{&s.number, &s.counts, &s.times} {
		c.Float64(x)
		if !(*x >= 0 && *x <= math.MaxFloat64) {
			c.Fail("a sum of %g", *x)
		}
	}
}
