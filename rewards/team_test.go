package rewards_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/rewards"
)

func TestTeamByServer(t *testing.T) {
	t.Parallel()
	load := [][]float64{{1, 2, 6}, {3, 0, 2}} // mean 2, 1, 4
	parts := [][]float64{{-1, -4, 0}, {-2, -1, -5}}
	own := []float64{-5, -8}
	logMS := -math.Log(4.001)
	for name, want := range map[string][]float64{ // the whole, then its parts
		"vbf":     {-14. / 9, -1. / 27, -16. / 27, -25. / 27}, // deviations -1/3, -4/3, 5/3
		"ongoing": {-6.5, -1.5, -2.5, -2.5},
		"ms":      {-4, -4. / 3, -4. / 3, -4. / 3},
		"pbf":     {1. / 8, 1. / 24, 1. / 24, 1. / 24},
		"logms":   {logMS, logMS / 3, logMS / 3, logMS / 3},
	} {
		r, err := rewards.New(name)
		require.NoError(t, err)
		dst := []float64{9, 9, 9}
		require.InDelta(t, want[0], r.TeamByServer(dst, own, parts, load), 1e-12, name)
		require.InDeltaSlice(t, want[1:], dst, 1e-12, name)
	}
	ms, err := rewards.New("ms")
	require.NoError(t, err)
	inf := [][]float64{{1, math.Inf(1)}}
	require.Equal(t, -rewards.MaxLoad, ms.TeamByServer(make([]float64, 2), []float64{0}, inf, inf))
	ongoing, err := rewards.New("ongoing")
	require.NoError(t, err)
	for _, r := range []rewards.Reward{ms, ongoing} {
		require.Panics(t, func() { r.TeamByServer(make([]float64, 2), own, parts, load) })
		require.Panics(t, func() { r.TeamByServer(make([]float64, 3), own[:1], parts, load) })
		require.Panics(t, func() { r.TeamByServer(make([]float64, 3), own, parts[:1], load) })
	}
}

// TestTeamOfOne: one LB is its own team; and the parts of several sum to the
// whole.
func TestTeamOfOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		servers := rapid.IntRange(1, 6).Draw(rt, "servers")
		row := rapid.SliceOfN(rapid.Float64Range(0, 1e3), servers, servers)
		load := rapid.SliceOfN(row, 1, 4).Draw(rt, "load")
		ongoing := rapid.SliceOfN(row, len(load), len(load)).Draw(rt, "ongoing")
		parts, own := make([][]float64, len(load)), make([]float64, len(load))
		dst := make([]float64, servers)
		for _, name := range rewards.Names() {
			r := reward(rt, name).WithCredit(rapid.SampledFrom(rewards.Credits()).Draw(rt, "credit"))
			for i := range load {
				parts[i] = make([]float64, servers)
				own[i] = r.ByServer(parts[i], load[i], ongoing[i])
			}
			whole, sum := r.TeamByServer(dst, own, parts, load), 0.
			for _, x := range dst {
				sum += x
			}
			require.InDelta(rt, whole, sum, 1e-9*(1+math.Abs(whole)), name)
			require.Equal(rt, own[0], r.TeamByServer(dst, own[:1], parts[:1], load[:1]), name)
			require.Equal(rt, parts[0], dst, name)
		}
	})
}

// TestTeamOngoingBits: of whole requests, the parts as an episode keeps them
// are, bit for bit, the means of the LBs' parts as it keeps those.
func TestTeamOngoingBits(t *testing.T) {
	t.Parallel()
	r, err := rewards.New("ongoing")
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(0, 100_000), 1, 9).Draw(rt, "counts")
		parts, load := make([][]float64, len(counts)), make([][]float64, len(counts))
		sum := float32(0)
		for i, q := range counts {
			parts[i], load[i] = []float64{0 - float64(q)}, []float64{1}
			sum += float32(parts[i][0])
		}
		dst := make([]float64, 1)
		r.TeamByServer(dst, make([]float64, len(counts)), parts, load)
		require.Equal(rt, math.Float32bits(sum/float32(len(counts))), math.Float32bits(float32(dst[0])))
	})
}
