package sac

import (
	"io"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/env/snapshot"
)

var _ agents.Saver = (*Learner)(nil)

// stateKind is that of agents.SaveState.
const stateKind = "sac 1"

// Save implements agents.Saver.
func (l *Learner) Save(w io.Writer) error {
	return agents.SaveState(w, stateKind, l.state, l.stores()...)
}

// Restore implements agents.Saver.
func (l *Learner) Restore(r io.Reader) error {
	return agents.RestoreState(r, stateKind, l.state, l.stores()...)
}

// stores are the buffer and the priorities over it.
func (l *Learner) stores() []agents.Saver {
	all := []agents.Saver{l.buffer}
	for _, a := range l.agents {
		if a.prioritised != nil {
			all = append(all, a.prioritised.priorities)
		}
	}
	return all
}

// state walks over the rest.
func (l *Learner) state(c *snapshot.Codec) {
	snapshot.Int(c, &l.rounds)
	for _, a := range l.agents {
		a.state(c)
	}
}

// state walks over what one agent's future depends on. What a round makes anew
// is no part of it: batches, figures, the statistics of the buffer's rewards.
func (a *agent) state(c *snapshot.Codec) {
	c.PCG(a.source)
	c.PCG(a.besides)
	for _, values := range []*nn.Arena{a.nets.actor, a.nets.critic, a.nets.target, a.nets.average} {
		values.State(c)
	}
	critic, actor := a.critic.adam, a.actor.adam
	if r := a.recurrent; r != nil {
		critic, actor = r.critic.adam, r.actor.adam
	}
	critic.State(c)
	actor.State(c)
	a.features.State(c)
	a.alpha.state(c)
	if a.potential != nil {
		c.Float64s(a.potential.weights)
	}
}

// state walks over the temperature and its optimiser.
func (t *temperature) state(c *snapshot.Codec) {
	c.Float64(&t.logAlpha)
	t.adam.State(c)
}
