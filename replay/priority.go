package replay

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// leastPriority is added to the size of every error, so that transitions on which
// there is no error are still drawn now and then ([PER], section 3.3).
const leastPriority = 1e-6

// errRows reports errors of transitions that were not drawn.
var errRows = errors.New("replay: errors do not belong to the transitions drawn last")

// Priorities draws the transitions of one agent from a buffer by their
// priorities: proportional prioritisation (Schaul et al. 2016, "Prioritized
// Experience Replay", [PER]). A transition's priority is the size of the error
// that the agent last made on it; a new one has the greatest that any has had.
// An episode that is overwritten takes its priorities with it.
//
// Several agents have priorities over one buffer, each its own, and may use
// them at once while nobody adds to it.
type Priorities struct {
	buffer   *Buffer
	agent    int
	alpha    float64
	greatest float64   // the greatest priority so far
	seen     int       // how many of the episodes that were added to the buffer have priorities
	slots    sumTree   // by place in the buffer: the sum of the episode's steps
	steps    []sumTree // by place in the buffer: each step's priority, to the power of alpha
	drawn    []place   // the transitions of the last batch
}

// place says where a transition is: the place of its episode in the buffer, and its
// step.
type place struct{ episode, step int }

// NewPriorities returns the priorities of an agent over a buffer: transitions
// are drawn in proportion to priority^alpha, uniformly at alpha = 0. It fails
// if the buffer has no such agent, or alpha is not in [0, 1].
func NewPriorities(b *Buffer, agent int, alpha float64) (*Priorities, error) {
	if agent < 0 || agent >= b.shape.Agents {
		return nil, fmt.Errorf("replay: priorities of agent %d of %d", agent, b.shape.Agents)
	}
	if !(alpha >= 0 && alpha <= 1) {
		return nil, fmt.Errorf("replay: priorities with alpha = %g, want it in [0, 1]", alpha)
	}
	return &Priorities{
		buffer: b, agent: agent, alpha: alpha, greatest: 1,
		slots: newSumTree(make([]float64, b.capacity)), steps: make([]sumTree, b.capacity),
	}, nil
}

// Sample fills batch with transitions drawn with replacement, one from each of
// as many equal parts of the sum of priorities as the batch has rows, and
// weights [Size] with their importance weights ([PER], section 3.4)
//
//	w_i = (N P(i))^-beta / max_k w_k
//
// of N transitions, with the maximum over the batch. beta = 1 undoes in full
// what the priorities do to an expectation, up to the common factor; 0 nothing.
// It fails with ErrEmpty if there are no transitions, and if batch, weights or
// beta do not fit.
func (p *Priorities) Sample(batch *Batch, weights []float32, beta float64, rng *rand.Rand) error {
	switch err := p.buffer.check(batch, p.agent); {
	case err != nil:
		return err
	case len(weights) != batch.Size:
		return fmt.Errorf("replay: %d weights of a batch of %d", len(weights), batch.Size)
	case !(beta >= 0 && beta <= 1):
		return fmt.Errorf("replay: weights with beta = %g, want it in [0, 1]", beta)
	}
	p.addNewEpisodes()
	p.drawn = p.drawn[:0]
	part := p.slots.total() / float64(batch.Size)
	least := math.Inf(1)
	for row := range batch.Size {
		drawn := p.draw((float64(row) + rng.Float64()) * part)
		p.drawn = append(p.drawn, drawn)
		batch.set(row, p.buffer.episodes[drawn.episode], drawn.step, p.agent)
		least = min(least, p.steps[drawn.episode].value(drawn.step))
	}
	// N and the sum of priorities cancel: the rarest has the greatest weight.
	for row, drawn := range p.drawn {
		weights[row] = float32(math.Pow(p.steps[drawn.episode].value(drawn.step)/least, -beta))
	}
	return nil
}

// draw returns the transition on which x falls.
func (p *Priorities) draw(x float64) place {
	episode, rest := p.slots.find(x)
	step, _ := p.steps[episode].find(rest)
	return place{episode, step}
}

// Update takes the errors [Size] that the agent makes on the transitions of the last
// draw, of either sign; their sizes are the priorities from now on. Where a
// transition was drawn several times the last of its errors counts. It fails, and
// changes nothing, unless there are as many errors as were drawn and all are finite.
func (p *Priorities) Update(errs []float32) error {
	if len(errs) != len(p.drawn) {
		return fmt.Errorf("%w: %d for %d", errRows, len(errs), len(p.drawn))
	}
	for row, e := range errs {
		if e := float64(e); math.IsNaN(e) || math.IsInf(e, 0) {
			return fmt.Errorf("replay: the error of row %d is %g", row, e)
		}
	}
	for row, drawn := range p.drawn {
		x := math.Abs(float64(errs[row])) + leastPriority
		p.greatest = max(p.greatest, x)
		p.steps[drawn.episode].set(drawn.step, math.Pow(x, p.alpha))
		p.slots.set(drawn.episode, p.steps[drawn.episode].total())
	}
	return nil
}

// addNewEpisodes gives the transitions that were added to the buffer since the last
// draw their first priority, in place of those that they overwrote.
func (p *Priorities) addNewEpisodes() {
	first := math.Pow(p.greatest, p.alpha)
	b := p.buffer
	for k := max(p.seen, b.added-b.capacity); k < b.added; k++ {
		slot := k % b.capacity
		p.steps[slot] = newSumTree(slices.Repeat([]float64{first}, b.episodes[slot].Steps))
		p.slots.set(slot, p.steps[slot].total())
	}
	p.seen = b.added
}
