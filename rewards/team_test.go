package rewards_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/rewards"
)

func TestTeam(t *testing.T) {
	t.Parallel()
	load := [][]float64{{1, 2, 6}, {3, 0, 2}} // mean 2, 1, 4
	own := []float64{-5, -8}
	for name, want := range map[string]float64{
		"ms": -4, "vbf": -14. / 9, "pbf": 1. / 8, "logms": -math.Log(4.001), "ongoing": -6.5,
	} {
		r, err := rewards.New(name)
		require.NoError(t, err)
		require.InDelta(t, want, r.Team(own, load, []float64{9, 9, 9}), 1e-12, name)
	}
	ms, err := rewards.New("ms")
	require.NoError(t, err)
	require.Equal(t, -rewards.MaxLoad, ms.Team([]float64{0}, [][]float64{{1, math.Inf(1)}}, make([]float64, 2)))
	require.Panics(t, func() { ms.Team(own, load, make([]float64, 2)) })
	require.Panics(t, func() { ms.Team(own[:1], load, make([]float64, 3)) })
}
