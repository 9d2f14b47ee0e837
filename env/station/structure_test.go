package station

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestTournament compares with a scan of all stations, ties included.
func TestTournament(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(1, 21), rapid.IntRange(60, 600)).Draw(t, "stations")
		tour := newTournament(n)
		times := make([]float64, n)
		for i := range times {
			times[i] = math.Inf(1)
		}
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			station := rapid.IntRange(0, n-1).Draw(t, "station")
			times[station] = rapid.SampledFrom([]float64{0, 1, 1, 2, 3.5, math.Inf(1)}).Draw(t, "time")
			tour.set(station, math.Float64bits(times[station]))
			require.Equal(t, slices.Min(times), tour.time())
			if !math.IsInf(tour.time(), 1) {
				require.Equal(t, slices.Index(times, tour.time()), tour.first(), "the lowest of equals")
			}
		}
		tour.reset()
		require.True(t, math.IsInf(tour.time(), 1))
	})
}

// TestRing compares with a list, through growth and around its end.
func TestRing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var r ring
		var list []uint32
		for k := range uint32(rapid.IntRange(1, 120).Draw(t, "operations")) {
			if len(list) > 0 && rapid.IntRange(0, 2).Draw(t, "pop") == 0 {
				require.Equal(t, list[0], r.pop())
				list = list[1:]
			} else {
				r.push(k)
				list = append(list, k)
			}
			require.Equal(t, len(list), r.n)
		}
		for _, x := range list {
			require.Equal(t, x, r.pop())
		}
	})
}
