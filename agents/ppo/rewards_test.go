package ppo

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRewardStatistics(t *testing.T) {
	t.Parallel()
	w := newRewards(2)
	w.add([]float32{1, 10})
	w.add([]float32{3, 10})
	// Deviations -1, 1, 0, 0: one common sd of sqrt(1/2).
	got := []float32{3, 9}
	w.apply(got, 0.1)
	require.InDeltaSlice(t, []float32{0.1414214, -0.1414214}, got, 1e-6)
	w.add([]float32{5, 10}) // mean 3, and sd sqrt(4/3)
	got = []float32{5, 10}
	w.apply(got, 1)
	require.InDeltaSlice(t, []float32{1.7320508, 0}, got, 1e-6)

	same := newRewards(1)
	same.add([]float32{7})
	got = []float32{8}
	same.apply(got, 0.5)
	require.Equal(t, []float32{0.5}, got, "constant rewards are only centred")
}
