package dispatch

import (
	"fmt"

	"fairlb/env/snapshot"
)

// learnedCarriedScore is the score of universal-carried: carried's, with learned
// coefficients,
//
//	(q_j + (1 + e_j) c_j + k o_j) / (w_j exp(<Policy.Weight, x_j>)),
//	log c_j = <Policy.Offset, x_j> + <Policy.Common, y>,
//	log k = <Policy.Others, y>,
//
// in which what a server has said is believed exp(<Policy.Age, y>) times as long. e_j, o_j and w_j are
// carried's; x_j and y are what LearnedScore makes of a server and of the pool.
// Without coefficients it is carried's.
type learnedCarriedScore struct {
	*carriedScore
	learned *LearnedScore
}

var _ tunedScore = (*learnedCarriedScore)(nil)

// newUniversalCarried returns the rule for New.
func newUniversalCarried(o Options) (Rule, error) {
	r, carried, err := carriedRule(UniversalCarriedName, defaultCarried(), o)
	if err != nil {
		return nil, err
	}
	policy, err := policyOf(o, true)
	if err != nil {
		return nil, err
	}
	learned, err := NewLearnedScore(policy, r.capacities, o)
	if err != nil {
		return nil, err
	}
	if learned.own, err = NewCapacities(len(o.Capacity), DefaultSelfTuning()); err != nil {
		return nil, err
	}
	learned.carried = carried
	learned.Reset()
	r.tuned = &learnedCarriedScore{carried, learned}
	return r, nil
}

// policyOf returns the policy of a rule's options: the shipped one where they have none.
func policyOf(o Options, carried bool) (*Policy, error) {
	switch {
	case o.Policy == nil:
		return ShippedPolicy(carried), nil
	case o.Policy.Carried != carried:
		return nil, fmt.Errorf("dispatch: %s: the policy is of the rule %s", (&Policy{Carried: carried}).Rule(), o.Policy.Rule())
	}
	return o.Policy, nil
}

func (s *learnedCarriedScore) reset() {
	s.carriedScore.reset()
	s.learned.Reset()
}

func (s *learnedCarriedScore) refresh(server int) {
	s.carriedScore.refresh(server)
	s.learned.own.Refresh(server)
	s.learned.Refresh(server)
}

func (s *learnedCarriedScore) score(v *View, server, _ int) float64 {
	x := &s.learned.sums[server]
	return (float64(v.Ongoing[server]) + (1+s.preference[server])*x.offset + x.others*s.servers[server].expected) / x.weight
}

func (s *learnedCarriedScore) completed(c Completion) {
	n := s.requests(c)
	s.carriedScore.completed(c)
	s.learned.own.Add(c.Server, 1, float64(c.Ongoing), c.Duration)
	s.learned.Add(c.Server, 1, n*n, n*c.Duration)
}

func (s *learnedCarriedScore) inherit(old tunedScore, from []int) {
	s.carriedScore.inherit(old, from)
	o, ok := old.(*learnedCarriedScore)
	if !ok {
		s.learned.Inherit(nil, from) // carried knows no more than what has been inherited
		return
	}
	s.learned.own.Inherit(o.learned.own, from)
	s.learned.Inherit(o.learned, from)
}

func (s *learnedCarriedScore) state(c *snapshot.Codec) {
	s.carriedScore.state(c)
	s.learned.own.state(c)
	s.learned.state(c)
}
