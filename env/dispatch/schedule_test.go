package dispatch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestScheduleByHand: intervals of 1, 2 and 4 from time 0. At 0 all are due,
// in the order of their numbers; then server 0 at 1, 2, 3, server 1 at 2, 4,
// server 2 at 4.
func TestScheduleByHand(t *testing.T) {
	t.Parallel()
	s, intervals := newSchedule(3), []float64{1, 2, 4}
	for j, interval := range intervals {
		s.start(j, interval, rand.New(constant(0)))
	}
	var got []int
	for range 10 {
		j := s.next()
		s.put(j, intervals[j])
		got = append(got, j)
	}
	require.Equal(t, []int{0, 1, 2, 0, 0, 1, 0, 0, 1, 2}, got)
}

// TestScheduleIsFair: in any stretch of time each server has its share of the
// turns, to one turn.
func TestScheduleIsFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		intervals := rapid.SliceOfN(rapid.Float64Range(0.5, 20), 1, 50).Draw(t, "intervals")
		s := newSchedule(len(intervals))
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for j, interval := range intervals {
			s.start(j, interval, rng)
		}
		turns := make([]float64, len(intervals))
		for range 500 {
			j := s.next()
			s.put(j, intervals[j])
			turns[j]++
		}
		for j, n := range turns {
			require.InDelta(t, s.now/intervals[j], n, 1.0001, "server %d", j)
		}
	})
}

// slow is LeastRequest by its definition, with a scan.
type slow struct {
	capacity, due []float64
	now           float64
	started       bool
}

func (r *slow) Pick(v *View) int {
	interval := func(j int) float64 { return float64(v.Ongoing[j]+1) / (r.capacity[j] / 3) }
	pick := -1
	for j := range r.due {
		switch {
		case v.Out[j]:
			r.due[j] = math.Inf(1)
			continue
		case !r.started:
			r.due[j] = v.Rand.Float64() * interval(j)
		case math.IsInf(r.due[j], 1):
			r.due[j] = r.now + interval(j)
		}
		if pick < 0 || r.due[j] < r.due[pick] {
			pick = j
		}
	}
	r.started, r.now = true, r.due[pick]
	r.due[pick] = r.now + interval(pick)
	return pick
}

// TestLeastRequestAgainstScan, with servers that come and go.
func TestLeastRequestAgainstScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newSimulatedLB(rapid.IntRange(3, 60).Draw(t, "servers"), rapid.Uint64().Draw(t, "seed"), true)
		r, err := NewLeastRequest(w.capacity())
		require.NoError(t, err)
		twin := &slow{capacity: w.capacity(), due: make([]float64, len(w.outstanding))}
		for range 300 {
			w.step(check(func(v *View) int {
				again := *v
				v.Rand, again.Rand = rand.New(rand.NewPCG(7, 7)), rand.New(rand.NewPCG(7, 7))
				pick := r.Pick(v)
				require.Equal(t, twin.Pick(&again), pick)
				return pick
			}))
		}
	})
}

// TestLeastRequestByHand: capacities 1 and 2, so intervals of 2 (q + 1) and
// (q + 1). From 0: server 0 (again at 2), server 1 (again at 1), server 1, now
// with one request (again at 1 + 2 = 3), server 0 with one (at 2 + 4 = 6).
func TestLeastRequestByHand(t *testing.T) {
	t.Parallel()
	r, err := NewLeastRequest([]float64{1, 2})
	require.NoError(t, err)
	v := &View{Ongoing: make([]int32, 2), Rand: rand.New(constant(0)), changed: []int32{}}
	var got []int
	for range 6 {
		pick := r.Pick(v)
		got = append(got, pick)
		v.Ongoing[pick]++
	}
	require.Equal(t, []int{0, 1, 1, 0, 1, 0}, got)
	require.Equal(t, []float64{6 + 2*3, 3 + 3}, r.schedule.deadlines())
	v.Out = []bool{false, true}
	v.changed = []int32{1}
	require.Zero(t, r.Pick(v)) // at 12
	v.Out, v.Ongoing[1] = nil, 0
	require.Equal(t, 1, r.Pick(v), "back at 12 + 1")
}

// TestLeastRequestInDistribution: while nothing is ongoing, turns go by
// capacity, and each first turn is at random.
func TestLeastRequestInDistribution(t *testing.T) {
	t.Parallel()
	first := map[int]float64{}
	for seed := range uint64(20_000) {
		r, err := NewLeastRequest([]float64{1, 3})
		require.NoError(t, err)
		v := &View{Ongoing: make([]int32, 2), Rand: rand.New(rand.NewPCG(seed, 1)), changed: []int32{}}
		pick := r.Pick(v)
		first[pick]++
		if seed == 0 {
			counts := [2]int{}
			for range 4000 {
				counts[r.Pick(v)]++
			}
			require.InDelta(t, 1000, counts[0], 1)
		}
	}
	require.InDelta(t, 1./6, first[0]/20_000, 0.01) // U(0, 3) < U(0, 1)
}
