package markov

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMixing: M/M/1/K at nominal load, whose spectral gap is known, and two states.
func TestMixing(t *testing.T) {
	t.Parallel()
	const k = 12
	var list []Transition
	measure := make([]float64, k+1)
	for s := range k {
		list = append(list, Transition{s, s + 1, 1}, Transition{s + 1, s, 1})
		measure[s+1] = float64(s + 1)
	}
	c, err := NewChain(k+1, list)
	require.NoError(t, err)
	m, err := c.Mixing(0, c.StationaryDirect(), measure, 0.05, 1_000_000)
	require.NoError(t, err)
	require.InEpsilon(t, 1/(2-2*math.Cos(math.Pi/(k+1))), m.Relaxation, 0.01)
	require.Greater(t, m.Settled, m.Mixed)

	// Left at rates 3 and 1, the distance from state 0 is 3/4 exp(-4t), and the mean of
	// a measure of 1 in state 1 is 3/4 (1 - exp(-4t)).
	c, err = NewChain(2, []Transition{{0, 1, 3}, {1, 0, 1}})
	require.NoError(t, err)
	m, err = c.Mixing(0, []float64{0.25, 0.75}, []float64{0, 1}, 1e-4, 100_000)
	require.NoError(t, err)
	require.InEpsilon(t, 0.25, m.Relaxation, 0.01)
	require.InEpsilon(t, math.Log(3)/4, m.Mixed, 0.01)
	require.InEpsilon(t, math.Log(100)/4, m.Settled, 0.01)

	_, err = c.Mixing(0, []float64{0.25, 0.75}, []float64{0, 1}, 1, 10)
	require.ErrorContains(t, err, "a slot of 1 s: state 0 is left at 3/s")
	_, err = c.Mixing(0, []float64{0.25, 0.75}, []float64{0, 1}, 1e-4, 10)
	require.ErrorIs(t, err, ErrNotConverged)
}
