package ppo

import (
	"io"

	"fairlb/agents"
	"fairlb/env/snapshot"
)

var _ agents.Saver = (*Learner)(nil)

// stateKind names the learner and the version of its state, for
// agents.SaveState.
const stateKind = "ppo 1"

// Save implements agents.Saver. Between rounds there are no episodes to save.
func (l *Learner) Save(w io.Writer) error { return agents.SaveState(w, stateKind, l.state) }

// Restore implements agents.Saver.
func (l *Learner) Restore(r io.Reader) error { return agents.RestoreState(r, stateKind, l.state) }

// state walks over what rounds leave to those that follow.
func (l *Learner) state(c *snapshot.Codec) {
	snapshot.Int(c, &l.rounds)
	for _, a := range l.actors {
		c.PCG(a.minibatches.source)
		a.values.State(c)
		a.average.State(c)
		a.adam.State(c)
		a.normal.State(c)
	}
	for _, v := range l.critics {
		c.PCG(v.minibatches.source)
		v.params.State(c)
		v.adam.State(c)
		v.rewards.State(c)
	}
}
