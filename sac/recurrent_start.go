package sac

import (
	"fmt"

	"fairlb/replay"
)

// windowStart finds the states in which windows begin. K is the number of steps of
// burn-in, B of windows, H of values of a state.
type windowStart interface {
	// find writes the state of each network before the first step of each window
	// to dst, [B,H] each. burnObs [K*B*N*F] are the normalised observations of the
	// steps of burn-in.
	find(dst *[networkStates][]float32, s *replay.Sequences, burnObs []float32)

	// store writes the states that an agent's networks have as each step of an
	// episode begins to it, if find will need them.
	store(ep *replay.Episode)
}

// newWindowStart returns what finds the states for windows of an agent.
func newWindowStart(r *recurrent) (windowStart, error) {
	cfg := r.agent.cfg
	if cfg.Window == 0 {
		return zeroStart{}, nil
	}
	one, err := newHistory(r.recurrentNetworks, r.agent.params, 1, 1)
	if err != nil {
		return nil, fmt.Errorf("stored states: %w", err)
	}
	stored := &storedStart{trainer: r, history: one}
	if cfg.BurnIn == 0 {
		return stored, nil
	}
	h, err := newHistory(r.recurrentNetworks, r.agent.params, cfg.BurnIn, cfg.Batch)
	if err != nil {
		return nil, fmt.Errorf("burn-in: %w", err)
	}
	return &burnInStart{storedStart: stored, history: h}, nil
}

// zeroStart is for whole episodes, which begin in states of zeros, as acting does.
type zeroStart struct{}

var _ windowStart = zeroStart{}

func (zeroStart) find(dst *[networkStates][]float32, _ *replay.Sequences, _ []float32) {
	for _, state := range dst {
		clear(state)
	}
}

func (zeroStart) store(*replay.Episode) {}

// storedStart begins windows in the states that are stored with the episode.
type storedStart struct {
	trainer *recurrent
	history *history // of one step of one episode
}

var _ windowStart = (*storedStart)(nil)

// find implements windowStart.
func (w *storedStart) find(dst *[networkStates][]float32, s *replay.Sequences, _ []float32) {
	h := w.trainer.hidden
	for k, state := range dst {
		for b := range s.Size {
			first := (b*networkStates + k) * h
			copy(state[b*h:(b+1)*h], s.StoredState[first:first+h])
		}
	}
}

// store implements windowStart: it runs the present networks over the episode, a
// step at a time.
func (w *storedStart) store(ep *replay.Episode) {
	r, h := w.trainer, w.history
	for _, start := range h.start {
		clear(start.Data())
	}
	state, actions := r.servers*r.features, r.servers*r.head.lbs
	x := make([]float32, state)
	for t := range ep.Steps {
		row := t*ep.Agents + r.agent.index
		stored := ep.StoredState[row*ep.StoredStateSize : (row+1)*ep.StoredStateSize]
		for k, start := range h.start {
			copy(stored[k*r.hidden:], start.Data())
		}
		r.agent.features.Apply(x, ep.Obs[row*state:(row+1)*state])
		h.run(x, ep.LogWeight[row*actions:(row+1)*actions])
		for k, start := range h.start {
			copy(start.Data(), h.states[k].Data())
		}
	}
}

// burnInStart begins windows in the states to which the present networks come when
// they run over the steps of burn-in, from the stored states (Kapturowski et al.
// 2019, section 3).
type burnInStart struct {
	*storedStart
	history *history // of the steps of burn-in
}

var _ windowStart = (*burnInStart)(nil)

// find implements windowStart.
func (w *burnInStart) find(dst *[networkStates][]float32, s *replay.Sequences, burnObs []float32) {
	w.storedStart.find(dst, s, burnObs)
	h := w.trainer.hidden
	for k, state := range dst {
		copy(w.history.start[k].Data(), state)
	}
	w.history.run(burnObs, s.BurnLogWeight)
	for k, state := range dst {
		states := w.history.states[k].Data()
		for b, steps := range s.Burned {
			if steps > 0 {
				last := (steps-1)*s.Size + b
				copy(state[b*h:(b+1)*h], states[last*h:(last+1)*h])
			}
		}
	}
}
