package sac

import (
	"fmt"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// newActor returns an actor with copies of the policies' parameters; actors of
// one learner share nothing that they write.
func (l *Learner) newActor(explore bool) (agents.Actor, error) {
	policies := make([]policy.Policy, len(l.agents))
	for i, a := range l.agents {
		values := a.nets.average
		if explore {
			values = a.nets.actor
		}
		plan := nn.NewPlan(values.Clone())
		p := &policies[i]
		p.Steers, p.Features = a.steers, a.features.Clone()
		if a.recurrent != nil {
			r := a.recurrent.newPolicy(plan, explore)
			p.Obs, p.Decide, p.Forget = r.obs, r.decide, r.forget
		} else {
			p.Obs, p.Decide = a.head.act(plan, a.nets.policy, explore)
		}
		if err := plan.Err(); err != nil {
			return nil, fmt.Errorf("sac: actor of LB %v: %w", a.steers, err)
		}
	}
	return policy.NewActor(l.spec, policies, explore), nil
}
