package replay

import (
	"fmt"
	"math/rand/v2"
	"sort"
)

// Windows is a batch of windows of consecutive transitions of all agents, raw and
// row-major, for learners that train all agents together. Where an episode has
// fewer steps than a window, zeros follow it.
type Windows struct {
	Size  int // W
	Steps int // L
	shape Shape

	Obs          []float32 // [W, L+1, Agents, Servers, Features]
	LogWeight    []float32 // [W, L, Agents, Servers]
	TeamReward   []float32 // [W, L]: the team's reward
	TeamServers  []float32 // [W, L, Servers]: its parts by server
	ServerReward []float32 // [W, L, Agents, Servers]: the LBs' own
	Mask         []float32 // [W, L]: 1 where there is a transition, 0 behind the end

	// Bootstrap is 1 where the next state has a future, 0 where the episode
	// terminated and behind its end.
	Bootstrap []float32 // [W, L]
}

// NewWindows returns size windows of the given number of steps, from buffers
// of shape.
func NewWindows(shape Shape, size, steps int) *Windows {
	n := size * steps
	rows := shape.Agents * shape.Servers
	return &Windows{
		Size: size, Steps: steps, shape: shape,
		Obs:          make([]float32, (n+size)*rows*shape.Features),
		LogWeight:    make([]float32, n*rows),
		TeamReward:   make([]float32, n),
		TeamServers:  make([]float32, n*shape.Servers),
		ServerReward: make([]float32, n*rows),
		Mask:         make([]float32, n),
		Bootstrap:    make([]float32, n),
	}
}

// SampleWindows fills w with windows: of an episode drawn by its number of
// transitions, from a start drawn uniformly among those from which the window
// fits. Draws are with replacement. It fails with ErrEmpty if there are no
// transitions, and if w is of another shape.
func (b *Buffer) SampleWindows(w *Windows, rng *rand.Rand) error {
	total := b.Transitions()
	switch {
	case total == 0:
		return ErrEmpty
	case w.shape != b.shape:
		return fmt.Errorf("replay: windows of shape %+v from a buffer of %+v", w.shape, b.shape)
	}
	for row := range w.Size {
		ep := b.episodes[sort.SearchInts(b.ends, rng.IntN(total)+1)]
		w.set(row, ep, rng.IntN(max(ep.Steps-w.Steps, 0)+1))
	}
	return nil
}

// set copies the steps of an episode from start on into a row.
func (w *Windows) set(row int, ep *Episode, start int) {
	steps := min(w.Steps, ep.Steps-start)
	n := ep.Agents * ep.Servers
	f := n * ep.Features
	copyPadded(w.Obs[row*(w.Steps+1)*f:(row+1)*(w.Steps+1)*f], ep.Obs[start*f:(start+steps+1)*f])
	copyPadded(w.LogWeight[row*w.Steps*n:(row+1)*w.Steps*n], ep.LogWeight[start*n:(start+steps)*n])
	copyPadded(w.ServerReward[row*w.Steps*n:(row+1)*w.Steps*n], ep.ServerReward[start*n:(start+steps)*n])
	for t := range w.Steps {
		entry := row*w.Steps + t
		w.TeamReward[entry], w.Mask[entry], w.Bootstrap[entry] = 0, 0, 0
		byServer := w.TeamServers[entry*ep.Servers : (entry+1)*ep.Servers]
		if t >= steps {
			clear(byServer)
			continue
		}
		ep.TeamServers(byServer, start+t)
		w.TeamReward[entry], w.Mask[entry], w.Bootstrap[entry] = ep.Team(start+t), 1, 1
		if ep.Terminated && start+t == ep.Steps-1 {
			w.Bootstrap[entry] = 0
		}
	}
}

// copyPadded copies src to the start of dst and clears the rest.
func copyPadded(dst, src []float32) { clear(dst[copy(dst, src):]) }
