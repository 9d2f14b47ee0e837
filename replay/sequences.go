package replay

import (
	"fmt"
	"math/rand/v2"
	"sort"
)

// Sequences is a batch of windows of one agent's consecutive transitions, raw, for
// learners with recurrent networks. Time comes first, as recurrent layers take it:
// row t*Size+b is step t of window b. What lies behind the end of an episode is
// zero, and so is its mask.
//
// The burn-in of a window is the BurnIn steps right before it, or fewer where the
// episode began later: a learner runs its networks over them to find the states in
// which the window begins.
type Sequences struct {
	Size   int // B
	BurnIn int // K, may be 0
	Steps  int // L
	shape  Shape

	Obs          []float32 // [L+1, B, Servers, Features]
	LogWeight    []float32 // [L, B, Servers, Actions]
	ServerReward []float32 // [L, B, Servers]
	Mask         []float32 // [L, B]: 1 where there is a transition, 0 behind the end

	// Bootstrap is 1 where the next state has a future, 0 where the episode
	// terminated and behind its end.
	Bootstrap []float32 // [L, B]

	Burned        []int     // [B]: steps of burn-in; they come first, zeros follow
	BurnObs       []float32 // [K, B, Servers, Features]
	BurnLogWeight []float32 // [K, B, Servers, Actions]

	// StoredState holds the stored states (Episode.StoredState) as the first step
	// of burn-in began, or the window where it has no burn-in.
	StoredState []float32 // [B, StoredStateSize]
}

// NewSequences returns size windows of the given numbers of steps, from
// buffers of shape.
func NewSequences(shape Shape, size, burnIn, steps int) *Sequences {
	state, actions := shape.Servers*shape.Features, shape.Servers*shape.actions()
	return &Sequences{
		Size: size, BurnIn: burnIn, Steps: steps, shape: shape,
		Obs:           make([]float32, (steps+1)*size*state),
		LogWeight:     make([]float32, steps*size*actions),
		ServerReward:  make([]float32, steps*size*shape.Servers),
		Mask:          make([]float32, steps*size),
		Bootstrap:     make([]float32, steps*size),
		Burned:        make([]int, size),
		BurnObs:       make([]float32, burnIn*size*state),
		BurnLogWeight: make([]float32, burnIn*size*actions),
		StoredState:   make([]float32, size*shape.StoredStateSize),
	}
}

// SampleSequences fills s with windows of one agent: of an episode drawn by its
// number of transitions, from a start drawn uniformly among those from which
// the window fits, its first step where none does. Draws are with replacement.
// It fails with ErrEmpty if there are no transitions, and if s or agent do not
// fit the buffer.
func (b *Buffer) SampleSequences(s *Sequences, agent int, rng *rand.Rand) error {
	total := b.Transitions()
	switch {
	case total == 0:
		return ErrEmpty
	case agent < 0 || agent >= b.shape.Agents:
		return fmt.Errorf("replay: agent %d of %d", agent, b.shape.Agents)
	case s.shape != b.shape:
		return fmt.Errorf("replay: sequences of shape %+v from a buffer of %+v", s.shape, b.shape)
	}
	for row := range s.Size {
		ep := b.episodes[sort.SearchInts(b.ends, rng.IntN(total)+1)]
		s.set(row, ep, agent, rng.IntN(max(ep.Steps-s.Steps, 0)+1))
	}
	return nil
}

// set copies an agent's steps of an episode from start on, and those before,
// into sequence b.
func (s *Sequences) set(b int, ep *Episode, agent, start int) {
	n := ep.Servers
	first := start - min(s.BurnIn, start)
	s.Burned[b] = start - first
	for k := range s.BurnIn {
		s.put(s.BurnObs, ep.Obs, k, b, n*ep.Features, agent, first+k, start)
		s.put(s.BurnLogWeight, ep.LogWeight, k, b, n*ep.actions(), agent, first+k, start)
	}
	for t := range s.Steps + 1 {
		s.put(s.Obs, ep.Obs, t, b, n*ep.Features, agent, start+t, ep.Steps+1)
	}
	for t := range s.Steps {
		s.put(s.LogWeight, ep.LogWeight, t, b, n*ep.actions(), agent, start+t, ep.Steps)
		s.put(s.ServerReward, ep.ServerReward, t, b, n, agent, start+t, ep.Steps)
		row := t*s.Size + b
		s.Mask[row], s.Bootstrap[row] = 0, 0
		if start+t < ep.Steps {
			s.Mask[row], s.Bootstrap[row] = 1, 1
		}
		if ep.Terminated && start+t == ep.Steps-1 {
			s.Bootstrap[row] = 0
		}
	}
	s.put(s.StoredState, ep.StoredState, 0, b, s.shape.StoredStateSize, agent, first, ep.Steps)
}

// put copies an agent's values of a step of an episode, cols of them, to step t
// of sequence b; zeros if the step is not before end.
func (s *Sequences) put(dst, src []float32, t, b, cols, agent, step, end int) {
	row := dst[(t*s.Size+b)*cols : (t*s.Size+b+1)*cols]
	if step >= end {
		clear(row)
		return
	}
	copy(row, src[(step*s.shape.Agents+agent)*cols:])
}
