package sac

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestActionShare: critics whose share is known.
func TestActionShare(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	of := func(state, action float64) float64 {
		var q [2][]float64
		for range 4000 {
			s := state * rng.NormFloat64()
			for k := range q {
				q[k] = append(q[k], s+action*rng.NormFloat64())
			}
		}
		return actionShare(q)
	}
	require.Zero(t, of(3, 0))
	require.InDelta(t, 1, of(0, 2), 0.05)
	require.InDelta(t, 0.2, of(2, 1), 0.02, "1 / (4 + 1)")
	require.Zero(t, of(0, 0))
	require.Equal(t, []float64{3, 11}, sumServers([]float32{1, 2, 3, 4}, []float32{1, 2, 5, 10}, 2))
}
