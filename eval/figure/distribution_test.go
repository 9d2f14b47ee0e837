package figure_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/eval/figure"
)

func TestDistributions(t *testing.T) {
	one, two := figure.NewCompletionRecorder(3), figure.NewCompletionRecorder(3)
	for k := range 100 {
		one.Record(env.Outcome{Class: 0, Completion: float64(100 - k)})
		two.Record(env.Outcome{Class: 0, Completion: float64(101 + k)})
	}
	two.Record(env.Outcome{Class: 1, Completion: 40, Failed: true})
	all := figure.Distributions([]*figure.CompletionRecorder{one, two})
	require.Len(t, all, 3)
	require.Equal(t, 200, all[0].N)
	require.Equal(t, 100.5, all[0].Mean)
	require.Equal(t, 100.0, all[0].Quantile(0.5))
	require.Equal(t, 190.0, all[0].Quantile(0.95))
	require.Equal(t, 200.0, all[0].Quantile(0.999))
	require.Equal(t, 40.0, all[1].Mean, "a failure has its timeout")
	require.Equal(t, 1, all[1].Failed)
	require.Empty(t, all[1].Done, "a failure is never done")
	require.Equal(t, all[0].All, all[0].Done)
	require.Zero(t, all[2].N)
	require.Empty(t, all[2].All)
}

// TestDistributionsTellsFailedApart: what failed counts at its timeout among all
// requests, even where others take longer, and not among those done.
func TestDistributionsTellsFailedApart(t *testing.T) {
	r := figure.NewCompletionRecorder(1)
	for k := range 90 {
		r.Record(env.Outcome{Completion: float64(k + 1)})
	}
	for range 10 {
		r.Record(env.Outcome{Completion: 40, Failed: true})
	}
	c := figure.Distributions([]*figure.CompletionRecorder{r})[0]
	require.Equal(t, 100, c.N)
	require.Equal(t, 10, c.Failed)
	require.Equal(t, 90.0, c.Longest)
	require.Equal(t, 45.0, c.Done[slices.Index(figure.Quantiles(), 0.5)])
	require.Equal(t, 40.0, c.Quantile(0.5), "40 took less or as long, 10 failed")
	require.Equal(t, 50.0, c.Quantile(0.6))
}

// TestQuantiles: the grid rises, is fine in the tail, and has what tables show.
func TestQuantiles(t *testing.T) {
	p := figure.Quantiles()
	for k := 1; k < len(p); k++ {
		require.Greater(t, p[k], p[k-1])
		require.LessOrEqual(t, (1-p[k-1])/(1-p[k]), 5.01, "no step is over most of what is left: %g", p[k])
	}
	for _, part := range []float64{0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999} {
		require.Contains(t, p, part)
	}
}
