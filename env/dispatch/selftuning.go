package dispatch

import (
	"math"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*SelfTuning)(nil)
	_ Completer       = (*SelfTuning)(nil)
	_ Abandoner       = (*SelfTuning)(nil)
	_ Resetter        = (*SelfTuning)(nil)
	_ Follower        = (*SelfTuning)(nil)
	_ Heir            = (*SelfTuning)(nil)
	_ snapshot.Stater = (*SelfTuning)(nil)
)

// selfTuningName is what New knows the rule by.
const selfTuningName = "self-tuning"

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
// (type probation); those that full servers refuse may choose an overflow (type overflow).
type SelfTuning struct {
	reversed   bool // the last server is the first of those that tie
	capacities *Capacities
	tuned      tunedScore  // what sets the rules of this frame apart
	refreshed  int         // the server whose turn it was at the last pick to have its weight computed
	probation  probation   // of servers that have failed
	overflow   overflow    // takes what is more than the pool can serve
	scores     []scoreTree // by class of requests, those of servers by place in the order of ties
	stale      []int32     // servers whose scores have changed since the last pick, but for their counts
	filled     bool        // every score has been computed
}

// tunedScore is what sets apart the rules that are SelfTuning but for their score: how a
// server is scored, and what is learned of a completion beside the estimates of capacities.
type tunedScore interface {
	reset()
	// refresh computes anew what of a server's score changes with every completion; it is
	// called for one server after the other, one at each pick, after the server's capacity.
	refresh(server int)
	// hear takes over what a server has said since it was last asked for, and says whether
	// there was something.
	hear(v *View, server int) bool
	// turn computes anew the score of a server that changes with time alone. It is called so
	// many times at each pick as turns says, and returns which server it was.
	turn(v *View) (server int)
	turns() int
	// score returns the score for a request of a class of a server that is in.
	score(v *View, server, class int) float64
	// completed learns from a request that succeeded.
	completed(c Completion)
	// meanDuration returns the pool's mean completion time (s), 0 before there is one.
	meanDuration() float64
	// totals says whether capacities are estimated by the requests that servers have of all
	// LBs, and not of this one: neither of the two can take over those of the other.
	totals() bool
	// inherit takes over what old knows, by the indices of its servers (Heir), whose totals are
	// as its own; the capacities have been taken over.
	inherit(old tunedScore, from []int)
	state(c *snapshot.Codec)
}

// ownScore is self-tuning's own score, (q + 1) / a^Exponent, and what the others share who
// learn from the LB's own requests.
type ownScore struct{ capacities *Capacities }

func (ownScore) reset()                    {}
func (ownScore) refresh(int)               {}
func (ownScore) hear(*View, int) bool      { return false }
func (ownScore) turn(*View) int            { return 0 }
func (ownScore) turns() int                { return 0 }
func (ownScore) state(*snapshot.Codec)     {}
func (ownScore) totals() bool              { return false }
func (ownScore) inherit(tunedScore, []int) {}
func (s ownScore) meanDuration() float64   { return s.capacities.MeanDuration() }
func (s ownScore) score(v *View, server, _ int) float64 {
	return float64(v.Ongoing[server]+1) / s.capacities.Weight(server)
}

func (s ownScore) completed(c Completion) {
	s.capacities.Add(c.Server, 1, float64(c.Ongoing), c.Duration)
}

// NewSelfTuning returns the rule of an LB (New) with the given constants of the estimates.
func NewSelfTuning(o Options, cfg SelfTuningConfig) (*SelfTuning, error) {
	servers := len(o.Capacity)
	capacities, err := NewCapacities(servers, cfg)
	if err != nil {
		return nil, err
	}
	overflow, err := newOverflow(servers, o.constants)
	if err != nil {
		return nil, err
	}
	r := &SelfTuning{
		reversed: o.LB%2 == 1, capacities: capacities, probation: newProbation(servers), overflow: overflow,
		scores: []scoreTree{newScoreTree(servers)}, stale: make([]int32, 0, servers), tuned: ownScore{capacities},
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
	return NewSelfTuning(o, cfg)
}

// newUniversal returns self-tuning with the score of a policy for New.
func newUniversal(o Options) (Rule, error) {
	r, err := NewSelfTuning(o, DefaultSelfTuning())
	if err != nil {
		return nil, err
	}
	policy, err := policyOf(o, false)
	if err != nil {
		return nil, err
	}
	learned, err := NewLearnedScore(policy, r.capacities, o)
	if err != nil {
		return nil, err
	}
	r.tuned = universalScore{learned}
	return r, nil
}

// Reset implements Resetter.
func (r *SelfTuning) Reset() {
	r.capacities.Reset()
	r.tuned.reset()
	r.refreshed, r.filled, r.stale = 0, false, r.stale[:0]
	r.probation.reset()
	r.overflow.reset()
}

// Pick implements Rule: O(log servers) for each count that changed.
func (r *SelfTuning) Pick(v *View) int {
	r.update(v)
	server := r.place(r.scores[min(int(v.Class), len(r.scores)-1)].first())
	r.sent(v, server)
	return server
}

// Follow implements Follower.
func (r *SelfTuning) Follow(v *View, server int) {
	r.update(v)
	r.sent(v, server)
}

// update brings the scores up to date for a pick.
func (r *SelfTuning) update(v *View) {
	r.refreshed = (r.refreshed + 1) % r.capacities.Servers()
	r.capacities.Refresh(r.refreshed)
	r.tuned.refresh(r.refreshed)
	if v.changed == nil || !r.filled {
		r.filled = true
		for j := range r.capacities.Servers() {
			r.endProbationOfOut(v, j)
			r.tuned.hear(v, j)
		}
		for class := range r.scores {
			r.scores[class].fill(func(place int) float64 { return r.score(v, r.place(place), class) }, r.capacities.Servers())
		}
	} else {
		for _, list := range [][]int32{v.changed, r.stale} {
			for _, j := range list {
				r.endProbationOfOut(v, int(j))
				r.tuned.hear(v, int(j))
				r.updateScore(v, int(j))
			}
		}
		r.updateScore(v, r.refreshed)
	}
	r.stale = r.stale[:0]
	for range r.tuned.turns() {
		r.updateScore(v, r.tuned.turn(v))
	}
	for server := r.probation.endWait(v.Now); server >= 0; server = r.probation.endWait(v.Now) {
		r.updateScore(v, server)
	}
}

// sent notes that a request is sent to a server.
func (r *SelfTuning) sent(v *View, server int) {
	if r.probation.sent(server) {
		r.updateScore(v, server)
	}
}

// endProbationOfOut ends the probation of a server that is out: whoever brings it back
// in knows that it works.
func (r *SelfTuning) endProbationOfOut(v *View, server int) {
	if v.left(server) {
		r.probation.end(server)
	}
}

// updateScore computes a server's scores anew.
func (r *SelfTuning) updateScore(v *View, server int) {
	place := r.place(server)
	for class := range r.scores {
		r.scores[class].set(place, r.score(v, server, class))
	}
}

// place returns the place of a server in the order of ties and, as the order
// is reversed or not, the server at a place.
func (r *SelfTuning) place(server int) int {
	if r.reversed {
		return r.capacities.Servers() - 1 - server
	}
	return server
}

// onProbationFactor makes a score greater than that of any server that is not on
// probation. Weights are in [1e-18, 1e18].
const onProbationFactor = 1e100

// score returns a server's score for a request of a class: +Inf if it is out, and a large
// number if it is on probation, so that it is picked only where every other one is, too.
func (r *SelfTuning) score(v *View, server, class int) float64 {
	if v.out(server) {
		return math.Inf(1)
	}
	s := r.tuned.score(v, server, class)
	if server == r.overflow.at() {
		s *= r.overflow.factor * r.capacities.Weight(server)
	}
	if r.probation.holds(server) {
		s *= onProbationFactor
	}
	return s
}

// Completed implements Completer.
func (r *SelfTuning) Completed(c Completion) {
	// The weight changes even where no count does, which is all that the View tells of.
	r.outdate(c.Server)
	before := r.overflow.at()
	if c.Failed {
		if !r.overflow.fail(c) {
			r.probation.fail(c, r.tuned.meanDuration())
		}
	} else {
		r.overflow.succeed(c.Server)
		r.probation.succeed(c.Server, c.Now)
		r.tuned.completed(c)
	}
	if now := r.overflow.at(); now != before {
		r.outdate(before)
		r.outdate(now)
	}
}

// outdate has a server's score computed anew at the next pick; -1 is no server.
func (r *SelfTuning) outdate(server int) {
	switch {
	case server < 0:
	case len(r.stale) < cap(r.stale):
		r.stale = append(r.stale, int32(server))
	default:
		r.filled = false
	}
}

// Abandoned implements Abandoner.
func (r *SelfTuning) Abandoned(server int) {
	if r.probation.abandon(server) {
		r.filled = false
	}
}

// Inherit implements Heir. A server that old did not have begins with the pool's
// average; the pool's sums stay what they were.
func (r *SelfTuning) Inherit(old Rule, from []int) {
	o, ok := old.(*SelfTuning)
	if !ok || r.tuned.totals() != o.tuned.totals() {
		return
	}
	r.Reset()
	r.capacities.Inherit(o.capacities, from)
	r.tuned.inherit(o.tuned, from)
	r.probation.inherit(&o.probation, from)
	r.overflow.inherit(&o.overflow, from)
}

// State implements snapshot.Stater.
func (r *SelfTuning) State(c *snapshot.Codec) {
	r.capacities.state(c)
	snapshot.Int(c, &r.refreshed)
	if r.refreshed < 0 || r.refreshed >= r.capacities.Servers() {
		c.Fail("server %d of %d", r.refreshed, r.capacities.Servers())
	}
	r.tuned.state(c)
	r.probation.state(c)
	r.overflow.state(c)
	if !c.Reading() {
		return
	}
	r.filled = false
	if c.Err() != nil {
		r.Reset()
	}
}
