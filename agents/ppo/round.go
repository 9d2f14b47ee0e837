package ppo

import (
	"math/rand/v2"

	"fairlb/replay"
)

// round holds the episodes that a round of updates learns from. All arrays of a
// round are laid out by states: those of the first episode, its last one
// included, then those of the next.
type round struct {
	episodes []*replay.Episode
	states   int   // S, over all episodes
	taken    []int // states in which an action was taken, which is all but an episode's last
}

// add takes an episode.
func (r *round) add(ep *replay.Episode) {
	r.episodes = append(r.episodes, ep)
	for t := range ep.Steps {
		r.taken = append(r.taken, r.states+t)
	}
	r.states += ep.Steps + 1
}

// drop forgets all episodes, and keeps the memory.
func (r *round) drop() {
	clear(r.episodes)
	r.episodes, r.taken, r.states = r.episodes[:0], r.taken[:0], 0
}

// each calls visit for every episode and the state that it begins with.
func (r *round) each(visit func(ep *replay.Episode, first int)) {
	first := 0
	for _, ep := range r.episodes {
		visit(ep, first)
		first += ep.Steps + 1
	}
}

// sampler deals the states of a round in minibatches: in random order, all of
// them once before any of them again.
type sampler struct {
	rng    *rand.Rand
	source *rand.PCG // of rng
	order  []int
	at     int
}

// newSampler returns a sampler that nothing is dealt of yet.
func newSampler(seed, stream uint64) sampler {
	source := rand.NewPCG(seed, stream)
	return sampler{rng: rand.New(source), source: source}
}

// begin takes the states that are dealt.
func (s *sampler) begin(taken []int) {
	s.order = append(s.order[:0], taken...)
	s.at = len(s.order)
}

// next returns the next state.
func (s *sampler) next() int {
	if s.at == len(s.order) {
		s.rng.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
		s.at = 0
	}
	s.at++
	return s.order[s.at-1]
}

// sized returns a slice of n values, in s's memory where that suffices. What
// they are is not said.
func sized(s []float32, n int) []float32 {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]float32, n)
}
