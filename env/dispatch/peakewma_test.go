package dispatch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPeakEWMAByHand follows one server's average through a peak, a faster
// request, and time in which nothing happens.
func TestPeakEWMAByHand(t *testing.T) {
	t.Parallel()
	r, err := NewPeakEWMA(2)
	require.NoError(t, err)
	v := &View{Ongoing: []int32{0, 3}, Now: 5}
	require.Zero(t, r.cost(v, 0), "not measured, nothing ongoing: to be tried")
	require.Equal(t, ewmaPenalty+3, r.cost(v, 1), "not measured, and tried already")

	r.Completed(Completion{Server: 1, Now: 5, Duration: 2})
	require.Equal(t, 8.0, r.cost(v, 1), "2 s times 3 + 1")
	v.Now = 15
	require.InDelta(t, 8/math.E, r.cost(v, 1), 1e-12, "10 s later")

	r.Completed(Completion{Server: 1, Now: 15, Duration: 1})
	want := 2/math.E + 1*(1-1/math.E)
	require.InDelta(t, 4*want, r.cost(v, 1), 1e-12, "averaged in")
	r.Completed(Completion{Server: 1, Now: 15, Duration: 0.5})
	require.InDelta(t, 4*want, r.cost(v, 1), 1e-12, "no time has passed: no weight")
	r.Completed(Completion{Server: 1, Now: 15, Duration: 3})
	require.Equal(t, 12.0, r.cost(v, 1), "a peak counts at once")
	v.Now = 16
	require.InDelta(t, 12*math.Exp(-0.1), r.cost(v, 1), 1e-12)
}

// TestPeakEWMAOfFailures: a refusal does not make a server look fast.
func TestPeakEWMAOfFailures(t *testing.T) {
	t.Parallel()
	r, err := NewPeakEWMA(2)
	require.NoError(t, err)
	r.Completed(Completion{Server: 0, Now: 1, Duration: 0.001, Failed: true})
	r.Completed(Completion{Server: 1, Now: 1, Duration: 2})
	v := &View{Ongoing: []int32{0, 1}, Now: 1, Rand: rand.New(rand.NewPCG(1, 1))}
	for range 20 {
		require.Equal(t, 1, r.Pick(v), "10 s against 2 * 2 s")
	}
	r.Completed(Completion{Server: 0, Now: 1, Duration: 40, Failed: true})
	require.Equal(t, 40.0, r.cost(v, 0))
}

// TestPeakEWMAInDistribution: of four servers the best is in half of the
// pairs, the second in two of the others, the third in one, the last has
// nothing (chi-square, 99.9 % quantile of 2 degrees of freedom).
func TestPeakEWMAInDistribution(t *testing.T) {
	t.Parallel()
	r, err := NewPeakEWMA(4)
	require.NoError(t, err)
	for j := range 4 {
		r.Completed(Completion{Server: j, Now: 0, Duration: float64(j + 1)})
	}
	v := &View{Ongoing: make([]int32, 4), Rand: rand.New(rand.NewPCG(2, 3))}
	const draws = 60_000
	var counts [4]float64
	for range draws {
		counts[r.Pick(v)]++
	}
	require.Zero(t, counts[3])
	chi := 0.0
	for j, share := range []float64{3. / 6, 2. / 6, 1. / 6} {
		chi += (counts[j] - draws*share) * (counts[j] - draws*share) / (draws * share)
	}
	require.Less(t, chi, 13.82)
}
