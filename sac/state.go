package sac

import (
	"io"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/env/snapshot"
)

var _ agents.Saver = (*Learner)(nil)

// stateKind names the learner and the version of its state, for
// agents.SaveState.
const stateKind = "sac 1"

// Save implements agents.Saver.
func (l *Learner) Save(w io.Writer) error {
	return agents.SaveState(w, stateKind, l.state, l.stores()...)
}

// Restore implements agents.Saver.
func (l *Learner) Restore(r io.Reader) error {
	return agents.RestoreState(r, stateKind, l.state, l.stores()...)
}

// stores are the buffer and the priorities of its transitions.
func (l *Learner) stores() []agents.Saver {
	all := []agents.Saver{l.buffer}
	for _, a := range l.agents {
		all = append(all, a.trainer.priorities()...)
	}
	return all
}

// state walks over all but the stores.
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
	c.PCG(a.figures)
	p := a.params
	for _, values := range []*nn.Arena{p.actor, p.critic, p.target, p.average} {
		values.State(c)
	}
	p.criticAdam.State(c)
	p.actorAdam.State(c)
	a.features.State(c)
	a.alpha.state(c)
	a.trainer.state(c)
}
