package es

import (
	"io"
	"maps"
	"slices"

	"fairlb/agents"
	"fairlb/env/snapshot"
)

var _ agents.Saver = (*Learner)(nil)

// stateKind names the learner and the version of its state, for
// agents.SaveState.
const stateKind = "es 1"

// Save implements agents.Saver.
func (l *Learner) Save(w io.Writer) error { return agents.SaveState(w, stateKind, l.state) }

// Restore implements agents.Saver.
func (l *Learner) Restore(r io.Reader) error { return agents.RestoreState(r, stateKind, l.state) }

// state walks over all that the learner saves.
func (l *Learner) state(c *snapshot.Codec) {
	c.Float64(&l.sigma)
	snapshot.Int(c, &l.rounds)
	for _, b := range l.lbs {
		b.features.State(c)
		b.search.State(c)
	}
}

// State implements snapshot.Stater: the values and their average, the optimiser
// and the pairs of which one trial has been observed. Whole pairs are not saved: it
// may be called after a Step alone, which leaves none.
func (s *Search) State(c *snapshot.Codec) {
	c.Float32s(s.Values)
	c.Float32s(s.Average)
	s.adam.State(c)
	pairs := slices.Sorted(maps.Keys(s.open))
	snapshot.Slice(c, &pairs, c.Uint64)
	for _, pair := range pairs {
		t := s.open[pair]
		c.Uint64(&t.half)
		c.Float64(&t.fitness)
		s.open[pair] = t
	}
}
