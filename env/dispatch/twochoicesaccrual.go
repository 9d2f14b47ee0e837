package dispatch

import "fairlb/env/snapshot"

var (
	_ Rule            = (*TwoChoicesAccrual)(nil)
	_ Completer       = (*TwoChoicesAccrual)(nil)
	_ Abandoner       = (*TwoChoicesAccrual)(nil)
	_ Resetter        = (*TwoChoicesAccrual)(nil)
	_ Follower        = (*TwoChoicesAccrual)(nil)
	_ Heir            = (*TwoChoicesAccrual)(nil)
	_ snapshot.Stater = (*TwoChoicesAccrual)(nil)
)

// twoChoicesAccrualName is what New knows the rule by.
const twoChoicesAccrualName = "p2c-accrual"

// TwoChoicesAccrual is how a Finagle client works by default: the power of two choices
// by the LB's own requests, among the servers that failure accrual (type accrual) does
// not hold dead. Where it holds all, it draws among all.
//
// There are three differences. Finagle's own p2c does not know of capacities; this one
// draws by them and compares (q + 1) / capacity, as TwoChoices does. Where both draws
// are dead Finagle draws again, up to five times; this rule draws among those that are
// not. And an endpoint's connections fail fast there, which is a layer of its own.
//
// A pick costs the same whatever the number of servers N; a death and a revival cost
// O(N), since the table that is drawn from is made anew.
type TwoChoicesAccrual struct {
	choices *TwoChoices // its members are those that are drawn among
	members membership  // the servers that take requests
	accrual accrual
	stale   bool // who is held has changed since the last pick
}

// newTwoChoicesAccrual returns the rule for New, with the constants that its name gives.
func newTwoChoicesAccrual(o Options) (Rule, error) {
	cfg := finagleAccrual()
	o.constants.set("failures", &cfg.Failures)
	o.constants.set("backoff", &cfg.Backoff)
	o.constants.set("longest", &cfg.Longest)
	if err := cfg.validate(twoChoicesAccrualName); err != nil {
		return nil, err
	}
	choices, err := NewTwoChoices(o.Capacity)
	if err != nil {
		return nil, err
	}
	n := len(o.Capacity)
	return &TwoChoicesAccrual{choices: choices, members: newMembership(n), accrual: newAccrual(n, o.LB, cfg), stale: true}, nil
}

// Reset implements Resetter.
func (r *TwoChoicesAccrual) Reset() {
	r.accrual.reset()
	r.stale = true
}

// Pick implements Rule.
func (r *TwoChoicesAccrual) Pick(v *View) int {
	r.update(v)
	server := r.choices.compare(v, r.choices.random.draw(v.Rand), r.choices.random.draw(v.Rand))
	r.sent(server)
	return server
}

// Follow implements Follower: it draws as many numbers as Pick.
func (r *TwoChoicesAccrual) Follow(v *View, server int) {
	r.update(v)
	r.choices.random.draw(v.Rand)
	r.choices.random.draw(v.Rand)
	r.sent(server)
}

func (r *TwoChoicesAccrual) sent(server int) {
	if r.accrual.sent(server) {
		r.stale = true
	}
}

// update brings up to date which servers are drawn among.
func (r *TwoChoicesAccrual) update(v *View) {
	for r.accrual.endWait(v.Now) >= 0 {
		r.stale = true
	}
	if r.members.update(v) {
		r.stale = true
		for j := range r.members.out {
			if v.left(j) { // whoever brings it back in knows that it works
				r.accrual.forget(j)
			}
		}
	}
	if !r.stale {
		return
	}
	r.stale = false
	random := r.choices.random
	random.members.in = random.members.in[:0]
	for _, j := range r.members.in {
		if !r.accrual.holds(int(j)) {
			random.members.in = append(random.members.in, j)
		}
	}
	if len(random.members.in) == 0 {
		random.members.in = append(random.members.in, r.members.in...)
	}
	random.tabulate()
}

// Completed implements Completer.
func (r *TwoChoicesAccrual) Completed(c Completion) {
	if r.accrual.completed(c) {
		r.stale = true
	}
}

// Abandoned implements Abandoner.
func (r *TwoChoicesAccrual) Abandoned(server int) {
	if r.accrual.abandon(server) {
		r.stale = true
	}
}

// Inherit implements Heir.
func (r *TwoChoicesAccrual) Inherit(old Rule, from []int) {
	if o, ok := old.(*TwoChoicesAccrual); ok {
		r.accrual.inherit(&o.accrual, from)
		r.stale = true
	}
}

// State implements snapshot.Stater.
func (r *TwoChoicesAccrual) State(c *snapshot.Codec) {
	r.accrual.state(c)
	if !c.Reading() {
		return
	}
	r.stale = true
	if c.Err() != nil {
		r.Reset()
	}
}
