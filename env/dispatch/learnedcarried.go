package dispatch

import (
	"fmt"

	"fairlb/env/snapshot"
)

// learnedCarriedScore is the score of universal-carried: universal's, with what the other LBs
// have on a server beyond what they usually have there,
//
//	max(q_j + c_j + k d_j, leastNumber c_j) / w_j,
//	d_j = o_j - u_j,
//	log k = <Policy.Others, y> - log LBs.
//
// o_j is what carried expects of the others' requests, u_j what is usual there (carriedScore),
// and what a server has said is believed exp(<Policy.Age, y>) times as long as carried does. c_j and
// w_j are universal's, with more features (ServerFeatures), and y is its: what others usually have is
// in w_j already, for an LB's own estimate of a server is of what they leave of it. Where nobody says
// anything d_j is 0; it is universal then, but for the coefficients of the features that it has besides.
type learnedCarriedScore struct {
	*carriedScore
	learned *LearnedScore
}

var _ tunedScore = (*learnedCarriedScore)(nil)

// leastNumber is what part of its offset the number of requests of a server is at least, however
// few others have there.
const leastNumber = 0.1

// newUniversalCarried returns the rule for New.
func newUniversalCarried(o Options) (Rule, error) {
	policy, err := policyOf(o, true)
	if err != nil {
		return nil, err
	}
	r, carried, err := carriedRule(UniversalCarriedName, defaultCarried(), o)
	if err != nil {
		return nil, err
	}
	// The rule's own estimates are by the LB's own requests, as universal's are.
	if carried.capacities, err = NewCapacities(len(o.Capacity), DefaultSelfTuning()); err != nil {
		return nil, err
	}
	learned, err := NewLearnedScore(policy, r.capacities, o)
	if err != nil {
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
	s.carriedScore.capacities.Reset()
	s.carriedScore.reset()
	s.learned.Reset()
}

func (s *learnedCarriedScore) refresh(server int) {
	s.carriedScore.refresh(server)
	s.learned.Refresh(server)
}

// totals implements tunedScore: the estimates of the rule are by the LB's own requests.
func (s *learnedCarriedScore) totals() bool { return false }

func (s *learnedCarriedScore) score(v *View, server, _ int) float64 {
	x, others := &s.learned.sums[server], &s.servers[server]
	number := float64(v.Ongoing[server]) + x.offset + x.others*(others.expected-others.usually)
	return max(number, leastNumber*x.offset) / x.weight
}

func (s *learnedCarriedScore) completed(c Completion) {
	s.carriedScore.completed(c)
	universalScore{s.learned}.completed(c)
}

func (s *learnedCarriedScore) inherit(old tunedScore, from []int) {
	if o, ok := old.(*learnedCarriedScore); ok {
		s.carriedScore.capacities.Inherit(o.carriedScore.capacities, from)
		s.carriedScore.inherit(o.carriedScore, from)
	}
	s.learned.Inherit(learnedOf(old), from)
}

func (s *learnedCarriedScore) state(c *snapshot.Codec) {
	s.carriedScore.capacities.state(c)
	s.carriedScore.state(c)
	s.learned.state(c)
}
