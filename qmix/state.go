package qmix

import (
	"io"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/env/snapshot"
)

var _ agents.Saver = (*Learner)(nil)

// stateKind names the learner and the version of its state, for
// agents.SaveState.
const stateKind = "qmix 1"

// Save implements agents.Saver.
func (l *Learner) Save(w io.Writer) error {
	return agents.SaveState(w, stateKind, l.state, l.buffer)
}

// Restore implements agents.Saver.
func (l *Learner) Restore(r io.Reader) error {
	return agents.RestoreState(r, stateKind, l.state, l.buffer)
}

// state walks over all but the buffer and what a round makes anew, as the
// statistics of its rewards.
func (l *Learner) state(c *snapshot.Codec) {
	snapshot.Int(c, &l.rounds)
	snapshot.Int(c, &l.updates)
	c.Float64(&l.epsilon)
	c.PCG(l.source)
	for _, values := range []*nn.Arena{l.nets.values, l.nets.target, l.nets.average} {
		values.State(c)
	}
	l.graph.adam.State(c)
	for _, f := range l.features {
		f.State(c)
	}
}
