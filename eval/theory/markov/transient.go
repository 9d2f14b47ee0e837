package markov

import (
	"fmt"
	"math"
)

// Mixing says how a chain comes near its stationary distribution.
type Mixing struct {
	Relaxation float64 // s: after it, what is slowest to go has fallen to 1/e; 1 over the spectral gap
	Mixed      float64 // s until the total variation distance is at most 1/4 for the first time
	Settled    float64 // s from which on the mean of the measure stays within 1 % of its stationary one
}

// distanceEnd is the total variation distance at which Mixing has seen enough: what is
// left then is the slowest part alone.
const distanceEnd = 1e-4

// Mixing follows the chain from a state, slot after slot of the given length, until it
// is all but stationary; p is the stationary distribution and measure a value by
// state. A slot must be so short that no state is left with more than certainty. The
// relaxation time is that of the slowest part which the start excites.
func (c *Chain) Mixing(from int, p, measure []float64, slot float64, slots int) (Mixing, error) {
	for s, out := range c.out {
		if out*slot > 1 {
			return Mixing{}, fmt.Errorf("markov: a slot of %g s: state %d is left at %g/s: must be at most 1 a slot", slot, s, out)
		}
	}
	at, next := make([]float64, c.states), make([]float64, c.states)
	at[from] = 1
	goal := 0.0
	for s := range p {
		goal += p[s] * measure[s]
	}
	m := Mixing{Mixed: math.Inf(1)}
	before := math.Inf(1) // the distance a tenth of the way back
	mark := 0
	for n := range slots {
		distance, mean := 0.0, 0.0
		for s := range at {
			distance += math.Abs(at[s]-p[s]) / 2
			mean += at[s] * measure[s]
		}
		t := float64(n) * slot
		if distance <= 0.25 {
			m.Mixed = min(m.Mixed, t)
		}
		if math.Abs(mean-goal) > 0.01*goal {
			m.Settled = t + slot
		}
		if distance <= 10*distanceEnd && math.IsInf(before, 1) {
			before, mark = distance, n
		}
		if distance <= distanceEnd {
			m.Relaxation = float64(n-mark) * slot / math.Log(before/distance)
			return m, nil
		}
		for s := range next {
			next[s] = at[s] + slot*(c.inflow(at, s)-at[s]*c.out[s])
		}
		at, next = next, at
	}
	return Mixing{}, fmt.Errorf("%w: the chain is not stationary after %d slots", ErrNotConverged, slots)
}
