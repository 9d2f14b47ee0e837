package episodes

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
)

func TestDistributionIsClamped(t *testing.T) {
	t.Parallel()
	d := newDistribution()
	require.True(t, math.IsNaN(d.quantile(50)))
	d.add(0)
	require.Equal(t, 1e-6, d.quantile(50))
	d.add(3600)
	require.InDelta(t, 3600, d.quantile(100), 1e-9)
	require.False(t, d.clamped())
	d.add(1e9)
	require.InDelta(t, 3600, d.quantile(100), 1e-9)
	require.True(t, d.clamped())
	d.reset()
	require.False(t, d.clamped())
	require.True(t, math.IsNaN(d.quantile(50)))
}

func TestDistributionMerges(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	whole, merged := newDistribution(), newDistribution()
	parts := []distribution{newDistribution(), newDistribution(), newDistribution()}
	for i := range 3000 {
		x := random.ExpFloat64()
		whole.add(x)
		parts[i%3].add(x)
	}
	for _, i := range []int{2, 0, 1} {
		merged.merge(&parts[i])
	}
	for _, percent := range []float64{0, 1, 50, 90, 99, 99.9, 100} {
		require.Equal(t, whole.quantile(percent), merged.quantile(percent))
	}
	require.Equal(t, whole.longest, merged.quantile(100))
}

// The mean does not lose the small times beside large ones.
func TestClassRecorderMeanIsExact(t *testing.T) {
	t.Parallel()
	y := newClassRecorder()
	y.add(1e16, false)
	for range 1000 {
		y.add(1, false)
	}
	require.Equal(t, (1e16+1000)/1001, y.mean())
}

func TestRecordAllocatesNothing(t *testing.T) {
	r := newRecorder(2)
	require.Zero(t, testing.AllocsPerRun(100, func() { r.Record(env.Outcome{Completion: 0.5, Class: 1}) }))
}
