package dispatch

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// working servers complete and use processors at constant rates.
type working struct {
	now       *float64
	completed []float64 // a second
	busy      []float64 // s of processor time a second
}

func (s working) Probe(int) (int32, float64) { return 0, 0 }

func (s working) Load(server int) (int, float64) {
	return int(s.completed[server] * *s.now), s.busy[server] * *s.now
}

// run picks ten times a second until the given time (s) and counts.
func run(r Rule, v *View, until float64) []float64 {
	counts := make([]float64, len(v.Ongoing))
	for v.Now < until {
		pick := r.Pick(v)
		counts[pick]++
		v.changed = append(v.changed[:0], int32(pick))
		v.Now += 0.125
	}
	return counts
}

// TestReportedLoadByHand: capacities 1, 2 and 1. Server 0 completes 8 a second
// at 80 % utilisation: 10. Server 1 completes 8 with 0.4 processors of 2, 20 %:
// 40. Server 2 does nothing and weighs their mean, 25.
func TestReportedLoadByHand(t *testing.T) {
	t.Parallel()
	r, err := NewReportedLoad([]float64{1, 2, 1})
	require.NoError(t, err)
	v := &View{Ongoing: make([]int32, 3), Rand: rand.New(rand.NewPCG(1, 2))}
	v.Reports = working{&v.Now, []float64{8, 8, 0}, []float64{0.8, 0.4, 0}}
	counts := run(r, v, 10.9)
	for _, n := range counts {
		require.InDelta(t, 88./3, n, 1.01, "all weigh the same in the first seconds: %v", counts)
	}
	require.InDelta(t, 10, r.weight[0], 1e-9)
	require.InDelta(t, 40, r.weight[1], 1e-9)
	run(r, v, 12)
	require.InDeltaSlice(t, []float64{25. / 10, 25. / 40, 1}, r.interval, 1e-9)
	counts = run(r, v, 112)
	for j, share := range []float64{10. / 75, 40. / 75, 25. / 75} {
		require.InDelta(t, 800*share, counts[j], 3)
	}

	// Server 1 leaves, which leaves one weight: all the same. Back, it weighs
	// the mean until it has reported for 10 s.
	v.Out = []bool{false, true, false}
	v.changed = append(v.changed, 1)
	run(r, v, 120)
	require.Equal(t, []float64{1, 1}, []float64{r.interval[0], r.interval[2]})
	v.Out, v.changed = nil, append(v.changed, 1)
	run(r, v, 129)
	require.Equal(t, []float64{1, 1, 1}, r.interval)
	run(r, v, 132)
	require.InDeltaSlice(t, []float64{25. / 10, 25. / 40, 1}, r.interval, 1e-9)
}

// TestReportedLoadBounds: a weight is held between 1/100 and 10 times the mean.
func TestReportedLoadBounds(t *testing.T) {
	t.Parallel()
	n := 30
	r, err := NewReportedLoad(uniform(n))
	require.NoError(t, err)
	v := &View{Ongoing: make([]int32, n), Rand: rand.New(rand.NewPCG(1, 2))}
	s := working{&v.Now, make([]float64, n), make([]float64, n)}
	for j := range n {
		s.completed[j], s.busy[j] = 8, 0.8
	}
	s.busy[0], s.completed[1] = 1e-9, 1 // 8 / 0.001 = 8000; 1 / 0.8 = 1.25, of a mean near 276
	v.Reports = s
	run(r, v, 15)
	require.InDelta(t, 8000, r.weight[0], 1e-6)
	require.Equal(t, 0.1, r.interval[0])
	require.Equal(t, 100.0, r.interval[1])
}

// TestReportedLoadExpires: 3 minutes after the last report a weight counts no
// more; until then it stays.
func TestReportedLoadExpires(t *testing.T) {
	t.Parallel()
	r, err := NewReportedLoad([]float64{1, 1})
	require.NoError(t, err)
	v := &View{Ongoing: make([]int32, 2), Rand: rand.New(rand.NewPCG(1, 2))}
	v.Reports = working{&v.Now, []float64{8, 8}, []float64{0.8, 0.4}}
	run(r, v, 20)
	want := []float64{1.5, 0.75}
	require.InDeltaSlice(t, want, r.interval, 1e-9)
	stopped := 20.0
	v.Reports = working{&stopped, []float64{8, 8}, []float64{0.8, 0.4}} // counters stand still
	run(r, v, 20+10+170)
	require.InDeltaSlice(t, want, r.interval, 1e-9)
	run(r, v, 20+10+182)
	require.Equal(t, []float64{1, 1}, r.interval)
}

// TestReportedLoadWithoutReports is plain round robin from a random start.
func TestReportedLoadWithoutReports(t *testing.T) {
	t.Parallel()
	first := make([]float64, 3)
	for seed := range uint64(9000) {
		r, err := NewReportedLoad([]float64{1, 5, 2})
		require.NoError(t, err)
		v := &View{Ongoing: make([]int32, 3), Rand: rand.New(rand.NewPCG(seed, 2)), changed: []int32{}}
		a, b, c := r.Pick(v), r.Pick(v), r.Pick(v)
		require.Equal(t, 3, a+b+c)
		require.Equal(t, []int{a, b, c}, []int{r.Pick(v), r.Pick(v), r.Pick(v)})
		first[a]++
	}
	for _, n := range first {
		require.InDelta(t, 3000, n, 150)
	}
}

// TestNewWeightsStretchTheRest: what is left of an interval changes with it.
func TestNewWeightsStretchTheRest(t *testing.T) {
	t.Parallel()
	r, err := NewReportedLoad([]float64{1, 1})
	require.NoError(t, err)
	r.schedule.now = 7
	r.schedule.put(0, 0.5)
	r.schedule.put(1, 0.25)
	r.weight, r.reportingSince, r.reportedAt = []float64{10, 30}, []float64{1, 1}, []float64{20, 20}
	r.setIntervals(20)
	require.Equal(t, []float64{2, 20. / 30}, r.interval)
	require.InDeltaSlice(t, []float64{7 + 0.5*2, 7 + 0.25*20/30}, r.schedule.deadlines(), 1e-12)
}
