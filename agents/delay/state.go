package delay

import (
	"io"

	"fairlb/agents"
	"fairlb/env/snapshot"
)

var _ agents.Saver = (*Learner)(nil)

// stateKind names the learner and the version of its state, for
// agents.SaveState.
const stateKind = "delay 1"

// Save implements agents.Saver.
func (l *Learner) Save(w io.Writer) error {
	return agents.SaveState(w, stateKind, l.state, l.buffer)
}

// Restore implements agents.Saver.
func (l *Learner) Restore(r io.Reader) error {
	return agents.RestoreState(r, stateKind, l.state, l.buffer)
}

// state walks over all but the buffer.
func (l *Learner) state(c *snapshot.Codec) {
	snapshot.Int(c, &l.rounds)
	c.Bool(&l.frozen)
	c.Float64(&l.sigma)
	for _, m := range l.lbs {
		c.PCG(m.source)
		m.features.State(c)
		m.arena.State(c)
		m.choice.State(c)
		m.adam.State(c)
		c.Bool(&m.fitted)
	}
}
