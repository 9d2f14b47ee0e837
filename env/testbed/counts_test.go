package testbed

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/env"
	_ "fairlb/env/propertytest"
)

// TestIntervalCounts follows a plane through news, silence, a server that leaves and
// one that takes its slot, and a restart.
func TestIntervalCounts(t *testing.T) {
	t.Parallel()
	a := Server{Name: "a", In: true, Ongoing: 2, Dispatched: 10, Completed: 8, DurationSum: 4, CountSum: 16}
	b := Server{Name: "b", In: true, Ongoing: 1, Dispatched: 5, Completed: 3, Failed: 1, DurationSum: 3, CountSum: 6}
	var c IntervalCounts
	for _, step := range []struct {
		what string
		r    Reading
		want []env.ServerCounts
		news bool
	}{
		{"the first reading is where counting begins", Reading{Sequence: 1, Servers: []Server{a, b}},
			[]env.ServerCounts{{Joined: true, Ongoing: 2}, {Joined: true, Ongoing: 1}}, true},
		{"the same again", Reading{Sequence: 1, Servers: []Server{a, b}},
			[]env.ServerCounts{{Ongoing: 2}, {Ongoing: 1}}, false},
		{"news, and a server without CountSum", Reading{Sequence: 2, Servers: []Server{
			{Name: "a", In: true, Ongoing: 3, Dispatched: 14, Completed: 11, DurationSum: 5, CountSum: 22},
			{Name: "b", Ongoing: 3, Dispatched: 9, Completed: 5, Failed: 1, DurationSum: 5},
		}}, []env.ServerCounts{
			{Ongoing: 3, Dispatched: 4, Completed: 3, Durations: 1, OngoingSum: 6},
			{Out: true, Ongoing: 3, Dispatched: 4, Completed: 2, Durations: 2, OngoingSum: 4},
		}, true},
		{"b has left, c is in a's slot, d in a new one", Reading{Sequence: 3, Servers: []Server{
			{Name: "c", In: true, Ongoing: 1, Dispatched: 2, Completed: 1, DurationSum: 1, CountSum: 1}, {}, {Name: "d", In: true},
		}}, []env.ServerCounts{
			{Joined: true, Ongoing: 1, Dispatched: 2, Completed: 1, Durations: 1, OngoingSum: 1}, {Absent: true}, {Joined: true},
		}, true},
		{"a restart with the same sequence", Reading{Sequence: 3, Epoch: 1, Servers: []Server{
			{Name: "c", In: true, Dispatched: 3, Completed: 3, DurationSum: 2, CountSum: 5},
		}}, []env.ServerCounts{{Dispatched: 3, Completed: 3, Durations: 2, OngoingSum: 5}}, true},
		{"a counter falls", Reading{Sequence: 4, Epoch: 1, Servers: []Server{
			{Name: "c", In: true, Dispatched: 4, Completed: 2, DurationSum: 2, CountSum: 5},
		}}, []env.ServerCounts{{}}, true},
	} {
		counts, news := c.Next(&step.r)
		require.Empty(t, cmp.Diff(step.want, counts), step.what)
		require.Equal(t, step.news, news, step.what)
	}
}

// TestIntervalCountsOfGarbage: whatever a plane publishes, counts are finite, none is
// negative, and a flow that ended counts itself.
func TestIntervalCountsOfGarbage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0}))
		var c IntervalCounts
		for range 5 {
			r := Reading{Epoch: rapid.Uint64Range(0, 1).Draw(t, "epoch")}
			for range rapid.IntRange(0, 4).Draw(t, "servers") {
				r.Servers = append(r.Servers, Server{
					Name: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "name"), Ongoing: rapid.Int32().Draw(t, "ongoing"),
					Dispatched: rapid.Uint64().Draw(t, "dispatched"), Completed: rapid.Uint64().Draw(t, "completed"), Failed: rapid.Uint64().Draw(t, "failed"),
					DurationSum: number.Draw(t, "durations"), CountSum: number.Draw(t, "counts"),
				})
			}
			counts, _ := c.Next(&r)
			require.Len(t, counts, len(r.Servers))
			for _, n := range counts {
				require.True(t, n.Ongoing >= 0 && n.Dispatched >= 0 && n.Completed >= 0 && n.Failed >= 0, "%+v", n)
				require.True(t, n.Durations >= 0 && n.Durations <= math.MaxFloat64, "%+v", n)
				require.True(t, n.OngoingSum >= float64(n.Completed) && n.OngoingSum <= math.MaxFloat64, "%+v", n)
			}
		}
	})
}
