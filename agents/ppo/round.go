package ppo

import (
	"math/rand/v2"

	"fairlb/replay"
)

// round holds the episodes that a round of updates learns from. Everything that is
// computed of a round is laid out by states: those of the first episode, its last
// one included, then those of the next episode.
type round struct {
	episodes    []*replay.Episode
	states      int   // S, of all episodes
	transitions []int // the states in which an action was taken: all but the last of each episode
}

// add takes in an episode.
func (r *round) add(ep *replay.Episode) {
	r.episodes = append(r.episodes, ep)
	for t := range ep.Steps {
		r.transitions = append(r.transitions, r.states+t)
	}
	r.states += ep.Steps + 1
}

// drop removes all episodes, and keeps the memory for the next round.
func (r *round) drop() {
	clear(r.episodes)
	r.episodes, r.transitions, r.states = r.episodes[:0], r.transitions[:0], 0
}

// each calls visit for every episode, with the index of its first state.
func (r *round) each(visit func(ep *replay.Episode, first int)) {
	first := 0
	for _, ep := range r.episodes {
		visit(ep, first)
		first += ep.Steps + 1
	}
}

// minibatches draws the transitions of a round in random order, all of them once
// before any of them again.
type minibatches struct {
	rng    *rand.Rand
	source *rand.PCG // of rng
	order  []int
	taken  int // how many of order have been drawn since it was shuffled
}

// newMinibatches returns minibatches of no round yet.
func newMinibatches(seed, stream uint64) minibatches {
	source := rand.NewPCG(seed, stream)
	return minibatches{rng: rand.New(source), source: source}
}

// begin sets the transitions that are drawn from now on.
func (m *minibatches) begin(transitions []int) {
	m.order = append(m.order[:0], transitions...)
	m.taken = len(m.order)
}

// next returns the next transition.
func (m *minibatches) next() int {
	if m.taken == len(m.order) {
		m.rng.Shuffle(len(m.order), func(i, j int) { m.order[i], m.order[j] = m.order[j], m.order[i] })
		m.taken = 0
	}
	m.taken++
	return m.order[m.taken-1]
}

// sized returns a slice of n values, in s's memory where that suffices; they may
// hold anything.
func sized(s []float32, n int) []float32 {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]float32, n)
}
