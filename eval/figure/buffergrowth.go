package figure

import (
	"errors"
	"fmt"
)

// ErrEmpty reports the data of a figure that has nothing to show.
var ErrEmpty = errors.New("figure: nothing to show")

// BufferGrowth says how the replay buffer grows that agents share when they are
// trained together, with the number of agents and of episodes.
type BufferGrowth struct {
	Figure   string // as the paper numbers it: "Figure 10 (a)"
	Scenario string
	Method   string
	Duration float64 // s of an episode
	Buffers  []BufferCurve
}

// BufferCurve is the growth of the buffer of one number of agents.
type BufferCurve struct {
	Agents   int
	Servers  int
	Features int          // of a server
	Points   []BufferSize // the number of episodes rises
}

// BufferSize is the size of a buffer that holds a number of episodes.
type BufferSize struct {
	Episodes    int
	Transitions int // of one agent
	Memory      int // bytes of the episodes' arrays
	Saved       int // bytes, if it is sent or written
}

// Check returns ErrEmpty unless there are buffers and each has points.
func (g *BufferGrowth) Check() error {
	if len(g.Buffers) == 0 {
		return fmt.Errorf("%w: no agents", ErrEmpty)
	}
	for _, b := range g.Buffers {
		if len(b.Points) == 0 {
			return fmt.Errorf("%w: %d load balancers have played no episode", ErrEmpty, b.Agents)
		}
	}
	return nil
}

// Last returns the size after the last episode.
func (b *BufferCurve) Last() BufferSize { return b.Points[len(b.Points)-1] }

// Rate is what the agents would have to send while episodes of the given
// duration (s) last, in bit/s.
func (b BufferSize) Rate(duration float64) float64 {
	return 8 * float64(b.Saved) / (float64(b.Episodes) * duration)
}
