package markov

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// dense returns the stationary distribution by an LU decomposition of all balance
// equations, one of which is replaced by the sum of the probabilities: a check of
// Stationary by another method, for chains of a few thousand states at most.
func dense(c *Chain) ([]float64, error) {
	a := mat.NewDense(c.states, c.states, nil)
	for s, out := range c.out {
		a.Set(s, s, -out)
		for k := c.start[s]; k < c.start[s+1]; k++ {
			a.Set(s, int(c.from[k]), a.At(s, int(c.from[k]))+c.rate[k])
		}
	}
	b := mat.NewVecDense(c.states, nil)
	for s := range c.states {
		a.Set(c.states-1, s, 1)
	}
	b.SetVec(c.states-1, 1)
	var p mat.VecDense
	if err := p.SolveVec(a, b); err != nil {
		return nil, fmt.Errorf("markov: the balance equations have no unique solution: %w", err)
	}
	return p.RawVector().Data, nil
}

// TestTwoStates: left at rates 3 and 1, the states have 1/4 and 3/4 of the time.
func TestTwoStates(t *testing.T) {
	t.Parallel()
	// The first in two parts, and a transition that changes nothing.
	c, err := NewChain(2, []Transition{{0, 1, 1}, {1, 0, 1}, {0, 1, 2}, {1, 1, 9}})
	require.NoError(t, err)
	for name, solve := range map[string]func() ([]float64, error){
		"dense":  func() ([]float64, error) { return dense(c) },
		"sweeps": func() ([]float64, error) { return c.Stationary(1e-15, 100) },
	} {
		p, err := solve()
		require.NoError(t, err)
		require.InDeltaSlice(t, []float64{0.25, 0.75}, p, 1e-15, name)
		require.InDelta(t, 0, c.Imbalance(p), 1e-15, name)
	}
	// In state 0, 1/2 enters and 3/2 leaves; in state 1 the reverse.
	require.InDelta(t, (1.0+1.0)/(1.5+0.5), c.Imbalance([]float64{0.5, 0.5}), 1e-15)
}

// TestRandomChains holds the sweeps to the dense solution of chains without any
// structure: a circle, so that they are irreducible, and random transitions.
func TestRandomChains(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		c := randomChain(t, rng, 2+rng.IntN(60))
		want, err := dense(c)
		require.NoError(t, err)
		got, err := c.Stationary(1e-14, 10_000)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, got, 1e-12, "chain %d", seed)
	}
}

// randomChain is a circle of n states and three more transitions from each.
func randomChain(t *testing.T, rng *rand.Rand, n int) *Chain {
	t.Helper()
	var list []Transition
	for s := range n {
		list = append(list, Transition{s, (s + 1) % n, 0.1 + rng.Float64()})
		for range 3 {
			list = append(list, Transition{s, rng.IntN(n), 0.1 + 5*rng.Float64()})
		}
	}
	c, err := NewChain(n, list)
	require.NoError(t, err)
	return c
}

func TestChainRefuses(t *testing.T) {
	t.Parallel()
	for want, list := range map[string][]Transition{
		"transition 1, from 0 to 2 of 2 states":           {{0, 1, 1}, {0, 2, 1}},
		"transition 0, from -1 to 1 of 2 states":          {{-1, 1, 1}},
		"transition 0, from 0 to 1 of 2 states at rate 0": {{0, 1, 0}},
		"state 1 is never left":                           {{0, 1, 1}},
	} {
		_, err := NewChain(2, list)
		require.ErrorContains(t, err, want)
	}
	_, err := randomChain(t, rand.New(rand.NewPCG(1, 1)), 50).Stationary(1e-14, 1)
	require.ErrorIs(t, err, ErrNotConverged)
	require.ErrorContains(t, err, "after 1 sweeps, tolerance 1e-14")
}
