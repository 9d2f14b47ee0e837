package figure_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/eval/figure"
)

// sampled is the timeline of 1 s of three servers, of 1 CPU and twice 2, in
// which processors use the given part of their time from 0.5 s on.
func sampled(use float64) *figure.Timeline {
	t := figure.NewTimeline(1, 0.5, []int{0, 1, 1})
	truth := env.Truth{Busy: []int{9, 9, 9}, CPUWork: []float64{9, 9, 9}, CPUTime: []float64{0, 0, 0}, CPUs: []int{1, 2, 2}}
	t.Sample(0, &truth)
	truth = env.Truth{Busy: []int{1, 2, 1}, CPUWork: []float64{3, 4, 0}, CPUTime: []float64{0.5, 1, 0.5}, CPUs: []int{1, 2, 2}}
	t.Sample(0.5, &truth)
	for j, n := range []float64{1, 2, 2} {
		truth.CPUTime[j] += use * n / 2
	}
	t.Sample(1, &truth)
	truth.Busy = []int{99, 99, 99}
	t.Sample(1.5, &truth) // the episode is over
	return t
}

func TestTimeline(t *testing.T) {
	bands, err := figure.Bands([]*figure.Timeline{sampled(0.5)})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, bands[figure.Busy][0].Mean)
	require.Equal(t, []float64{1.5, 1.5}, bands[figure.Busy][1].Mean, "a server")
	require.Equal(t, []float64{3, 3}, bands[figure.Work][0].Mean)
	require.Equal(t, []float64{1, 1}, bands[figure.Work][1].Mean, "a processor")
	require.Equal(t, []float64{1, 0.5}, bands[figure.Use][0].Mean)
	require.Equal(t, []float64{0.75, 0.5}, bands[figure.Use][1].Mean, "of the group's four processors' time")
	require.Equal(t, []float64{0, 0}, bands[figure.Use][1].SD, "of one seed")
}

func TestBands(t *testing.T) {
	bands, err := figure.Bands([]*figure.Timeline{sampled(0.2), sampled(0.6)})
	require.NoError(t, err)
	require.InDelta(t, 0.4, bands[figure.Use][1].Mean[1], 1e-12)
	require.InDelta(t, 0.2828427, bands[figure.Use][1].SD[1], 1e-7)
	require.Equal(t, 0.0, bands[figure.Busy][0].SD[1])

	_, err = figure.Bands([]*figure.Timeline{sampled(0.2), figure.NewTimeline(2, 0.5, []int{0, 1, 1})})
	require.ErrorIs(t, err, figure.ErrShape)
	_, err = figure.Bands([]*figure.Timeline{sampled(0.2), figure.NewTimeline(1, 0.5, []int{0, 0, 0})})
	require.ErrorIs(t, err, figure.ErrShape)
}

func TestDistribute(t *testing.T) {
	one, two := figure.NewRequests(3), figure.NewRequests(3)
	for k := range 100 {
		one.Record(env.Outcome{Class: 0, Completion: float64(100 - k)})
		two.Record(env.Outcome{Class: 0, Completion: float64(101 + k)})
	}
	two.Record(env.Outcome{Class: 1, Completion: 40, Failed: true})
	all := figure.Distribute([]*figure.Requests{one, two})
	require.Len(t, all, 3)
	require.Equal(t, 200, all[0].N)
	require.Equal(t, 100.5, all[0].Mean)
	require.Equal(t, 100.0, all[0].At(0.5))
	require.Equal(t, 190.0, all[0].At(0.95))
	require.Equal(t, 200.0, all[0].At(0.999))
	require.Equal(t, 40.0, all[1].Mean, "a failure has its timeout")
	require.Equal(t, 1, all[1].Failed)
	require.Empty(t, all[1].Done, "a failure is never done")
	require.Equal(t, all[0].Values, all[0].Done)
	require.Zero(t, all[2].N)
	require.Empty(t, all[2].Values)
}

// TestDistributeTellsFailedApart: what failed counts at its timeout among all
// requests, even where others take longer, and not among those done.
func TestDistributeTellsFailedApart(t *testing.T) {
	r := figure.NewRequests(1)
	for k := range 90 {
		r.Record(env.Outcome{Completion: float64(k + 1)})
	}
	for range 10 {
		r.Record(env.Outcome{Completion: 40, Failed: true})
	}
	c := figure.Distribute([]*figure.Requests{r})[0]
	require.Equal(t, 100, c.N)
	require.Equal(t, 10, c.Failed)
	require.Equal(t, 90.0, c.Longest)
	require.Equal(t, 45.0, c.Done[slices.Index(figure.Quantiles(), 0.5)])
	require.Equal(t, 40.0, c.At(0.5), "40 took less or as long, 10 failed")
	require.Equal(t, 50.0, c.At(0.6))
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
