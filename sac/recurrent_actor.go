package sac

import (
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
	"fairlb/replay"
)

// recurrentPolicy is the actor of one step, whose state is fed back.
type recurrentPolicy struct {
	plan                 *nn.Plan
	obs                  *nn.Node // [1,N*F], normalised
	state, after, action *nn.Node
	noise                *nn.Node // nil unless it explores
}

// newPolicy adds the policy of one step to a plan: sampled if explore is set,
// else the mode.
func (r *recurrent) newPolicy(plan *nn.Plan, explore bool) *recurrentPolicy {
	p := &recurrentPolicy{plan: plan, obs: plan.Input("observation", 1, r.servers*r.features), state: plan.Input("state", 1, r.hidden)}
	var out *nn.Node
	out, p.after = r.act(plan, p.obs, p.state)
	if explore {
		p.noise = plan.Input("noise", r.servers, r.head.lbs)
		p.action, _ = r.head.draw(plan, out, p.noise, r.servers)
	} else {
		p.action = r.head.mode(plan, out)
	}
	return p
}

// decide is policy.Policy's.
func (p *recurrentPolicy) decide(u []float64, rng *rand.Rand) {
	if p.noise != nil {
		policy.DrawNormal(p.noise.Data(), rng)
	}
	p.plan.Run()
	copy(p.state.Data(), p.after.Data())
	for j, v := range p.action.Data() {
		u[j] = float64(v)
	}
}

// forget is policy.Policy's.
func (p *recurrentPolicy) forget() { clear(p.state.Data()) }

// memorySize is the number of values that are stored of an agent at a step:
// the states of all networks, unless they learn from whole episodes alone.
func (c *Config) memorySize() int {
	if c.Network != Recurrent || c.Window == 0 {
		return 0
	}
	return memories * c.Hidden
}

// remember returns the episode with the states that the networks of this moment
// have as each step begins. The actor's are those that it had in acting, if it
// has not been updated since.
func (l *Learner) remember(ep *replay.Episode) *replay.Episode {
	kept := *ep
	kept.MemorySize = l.cfg.memorySize()
	kept.Memory = make([]float32, ep.Steps*ep.Agents*kept.MemorySize)
	for _, a := range l.agents {
		a.recurrent.remember(&kept)
	}
	return &kept
}

// remember writes the agent's part of the memory of an episode.
func (r *recurrent) remember(ep *replay.Episode) {
	h, i := r.memory, r.agent.index
	for _, start := range h.start {
		clear(start.Data())
	}
	state, actions := r.servers*r.features, r.servers*r.head.lbs
	x := make([]float32, state)
	for t := range ep.Steps {
		row := t*ep.Agents + i
		memory := ep.Memory[row*ep.MemorySize : (row+1)*ep.MemorySize]
		for k, start := range h.start {
			copy(memory[k*r.hidden:], start.Data())
		}
		r.agent.features.Apply(x, ep.Obs[row*state:(row+1)*state])
		h.run(x, ep.LogWeight[row*actions:(row+1)*actions])
		for k, start := range h.start {
			copy(start.Data(), h.states[k].Data())
		}
	}
}
