package sim

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

// TestEventQueue compares with a sorted list: by time, of equals the older first,
// also where the count of entries wraps around, through growth into a heap and
// back.
func TestEventQueue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var h eventQueue
		var list []entry
		order := rapid.SampledFrom([]uint32{0, math.MaxUint32 - 5}).Draw(t, "first order")
		pop := func() {
			k := 0
			for i := range list { // the list is in the order of entry
				if list[i].time < list[k].time {
					k = i
				}
			}
			require.Equal(t, list[k], *h.first())
			require.Equal(t, list[k], h.pop())
			list = slices.Delete(list, k, k+1)
		}
		for range rapid.SampledFrom([]int{1, 20, 200}).Draw(t, "operations") {
			if len(list) > 0 && rapid.IntRange(0, 3).Draw(t, "pop") == 0 {
				pop()
				continue
			}
			x := entry{time: float64(rapid.IntRange(0, 9).Draw(t, "time")), order: order, id: uint32(len(list))}
			order++
			h.push(x)
			list = append(list, x)
		}
		for len(list) > 0 {
			pop()
		}
		require.Zero(t, h.len())
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
