package sac

import (
	"fairlb/agents/nn"
	"fairlb/agents/policy"
	"fairlb/replay"
)

// recurrentPolicy is the actor of one step. Its state after the step becomes that
// before the next one.
type recurrentPolicy struct {
	obs           *nn.Node // [1,N*F], normalised
	before, after *nn.Node // [1,H]: the state before the step and after it
	run           func(u []float64, noise *policy.Noise)
}

// newPolicy adds the policy of one step to a plan: sampled if explore is set,
// else the mode.
func (r *recurrent) newPolicy(plan *nn.Plan, explore bool) *recurrentPolicy {
	p := &recurrentPolicy{
		obs:    plan.Input("observation", 1, r.servers*r.features),
		before: plan.Input("state", 1, r.hidden),
	}
	var out *nn.Node
	out, p.after = r.actorOutputs(plan, p.obs, p.before)
	p.run = r.head.decide(plan, out, r.servers, explore)
	return p
}

// decide is a policy.Policy's Decide.
func (p *recurrentPolicy) decide(u []float64, noise *policy.Noise) {
	p.run(u, noise)
	copy(p.before.Data(), p.after.Data())
}

// resetState is a policy.Policy's ResetState.
func (p *recurrentPolicy) resetState() { clear(p.before.Data()) }

// storedStates is the number of values that are stored of an agent at a step: the
// states of all its networks, or none if they are feed-forward or learn from
// whole episodes alone.
func (c *Config) storedStates() int {
	if c.Network != Recurrent || c.Window == 0 {
		return 0
	}
	return networkStates * c.Hidden
}

// withStates returns the episode with the states that the agents' networks of
// this moment have as each step begins. The actors' are those that they had in
// acting, if they have not been updated since.
func (l *Learner) withStates(ep *replay.Episode) *replay.Episode {
	kept := *ep
	kept.StoredStateSize = l.cfg.storedStates()
	kept.StoredState = make([]float32, ep.Steps*ep.Agents*kept.StoredStateSize)
	for _, a := range l.agents {
		a.trainer.storeStates(&kept)
	}
	return &kept
}
