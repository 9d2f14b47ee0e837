package markov

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// ErrNotConverged reports a stationary distribution that was not found in the
// allowed number of sweeps.
var ErrNotConverged = errors.New("markov: not converged")

// Chain is a continuous-time Markov chain of finitely many states, which are numbered
// from 0. It must be irreducible for its stationary distribution to be unique.
type Chain struct {
	states int
	start  []int32   // by state and one more, where its transitions begin in from and rate
	from   []int32   // the states that transitions come from, by the state that they lead to
	rate   []float64 // of these transitions, 1/s
	out    []float64 // by state, the sum of the rates at which it is left, 1/s
}

// Transition is a way from one state to another.
type Transition struct {
	From, To int
	Rate     float64 // 1/s
}

// NewChain returns the chain of the given number of states and transitions, whose
// rates must be positive. Several from one state to another add up; one from a state
// to itself changes nothing.
func NewChain(states int, transitions []Transition) (*Chain, error) {
	c := &Chain{states: states, start: make([]int32, states+1), out: make([]float64, states)}
	for k, x := range transitions {
		if x.From < 0 || x.From >= states || x.To < 0 || x.To >= states || !(x.Rate > 0) || math.IsInf(x.Rate, 1) {
			return nil, fmt.Errorf("markov: transition %d, from %d to %d of %d states at rate %g: states must be in [0, number), rates positive and finite", k, x.From, x.To, states, x.Rate)
		}
		if x.From != x.To {
			c.start[x.To+1]++
			c.out[x.From] += x.Rate
		}
	}
	for s, out := range c.out {
		if out == 0 && states > 1 {
			return nil, fmt.Errorf("markov: state %d is never left", s)
		}
		c.start[s+1] += c.start[s]
	}
	n := c.start[states]
	c.from, c.rate = make([]int32, n), make([]float64, n)
	next := append([]int32(nil), c.start[:states]...)
	for _, x := range transitions {
		if x.From != x.To {
			c.from[next[x.To]], c.rate[next[x.To]] = int32(x.From), x.Rate
			next[x.To]++
		}
	}
	return c, nil
}

// inflow returns the rate at which a state is entered under the distribution p.
func (c *Chain) inflow(p []float64, state int) float64 {
	sum := 0.0
	for k := c.start[state]; k < c.start[state+1]; k++ {
		sum += p[c.from[k]] * c.rate[k]
	}
	return sum
}

// Imbalance returns by how much the distribution p fails the balance equations: the
// sum over states of |rate in - rate out|, relative to the sum of the rates out. It
// is 0 for the stationary distribution.
func (c *Chain) Imbalance(p []float64) float64 {
	wrong, all := 0.0, 0.0
	for s, out := range c.out {
		wrong += math.Abs(c.inflow(p, s) - p[s]*out)
		all += p[s] * out
	}
	return wrong / all
}

// Stationary returns the stationary distribution by Gauss-Seidel sweeps over the
// balance equations, up and down the states in turn, until the Imbalance is at most
// tolerance. States that follow each other should be near each other in number.
func (c *Chain) Stationary(tolerance float64, sweeps int) ([]float64, error) {
	p := make([]float64, c.states)
	for s := range p {
		p[s] = 1 / float64(c.states)
	}
	if c.states == 1 {
		return p, nil
	}
	imbalance := math.Inf(1)
	for n := range sweeps {
		for s := range p {
			p[s] = c.inflow(p, s) / c.out[s]
		}
		for s := c.states - 1; s >= 0; s-- {
			p[s] = c.inflow(p, s) / c.out[s]
		}
		floats.Scale(1/floats.Sum(p), p)
		if n%10 == 9 || n == sweeps-1 {
			if imbalance = c.Imbalance(p); imbalance <= tolerance {
				return p, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: an imbalance of %g after %d sweeps, tolerance %g", ErrNotConverged, imbalance, sweeps, tolerance)
}
