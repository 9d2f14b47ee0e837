package figure_test

import (
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
	bands, err := figure.Bands([]*figure.Timeline{sampled(0.5)}, 1)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1}, bands[figure.BusyWorkers][0].Mean)
	require.Equal(t, []float64{1.5, 1.5}, bands[figure.BusyWorkers][1].Mean, "a server")
	require.Equal(t, []float64{3, 3}, bands[figure.CPUWorkLeft][0].Mean)
	require.Equal(t, []float64{1, 1}, bands[figure.CPUWorkLeft][1].Mean, "a processor")
	require.Equal(t, []float64{1, 0.5}, bands[figure.CPUUse][0].Mean)
	require.Equal(t, []float64{0.75, 0.5}, bands[figure.CPUUse][1].Mean, "of the group's four processors' time")
	require.Equal(t, []float64{0, 0}, bands[figure.CPUUse][1].SD, "of one seed")
}

// TestBySlowing: the groups are of the servers that became slower and of the others; of
// busy workers they are means over servers, else over processors.
func TestBySlowing(t *testing.T) {
	x := figure.NewTimeline(0.5, 0.5, []int{0, 1, 2})
	truth := env.Truth{Busy: []int{1, 2, 4}, CPUWork: []float64{2, 4, 9}, CPUTime: []float64{0, 0, 0}, CPUs: []int{1, 3, 2}, Speed: []float64{1, 2, 1}}
	x.Sample(0, &truth)
	truth.CPUTime, truth.Speed = []float64{0.5, 0.5, 0.25}, []float64{1, 3, 0.5}
	x.Sample(0.5, &truth)
	slowed, err := x.BySlowing()
	require.NoError(t, err)
	bands, err := figure.Bands([]*figure.Timeline{slowed}, 1)
	require.NoError(t, err)
	for m, want := range [][2]float64{figure.BusyWorkers: {1.5, 4}, figure.CPUUse: {0.5, 0.25}, figure.CPUWorkLeft: {1.5, 4.5}} {
		require.Len(t, bands[m], 2)
		for g := range want {
			require.InDelta(t, want[g], bands[m][g].Mean[0], 1e-12, "%d %d", m, g)
		}
	}
	for want, speed := range map[string][]float64{"none became slower": {1, 3, 1}, "none kept its speed": {0.5, 1, 0.5}} {
		truth.Speed = speed
		x.Sample(0.5, &truth)
		_, err := x.BySlowing()
		require.ErrorIs(t, err, figure.ErrShape)
		require.ErrorContains(t, err, "of 3 servers "+want)
	}
}

func TestBands(t *testing.T) {
	bands, err := figure.Bands([]*figure.Timeline{sampled(0.2), sampled(0.6)}, 1)
	require.NoError(t, err)
	require.InDelta(t, 0.4, bands[figure.CPUUse][1].Mean[1], 1e-12)
	require.InDelta(t, 0.2828427, bands[figure.CPUUse][1].SD[1], 1e-7)
	require.Equal(t, 0.0, bands[figure.BusyWorkers][0].SD[1])

	bands, err = figure.Bands([]*figure.Timeline{sampled(0.2), sampled(0.6)}, 2)
	require.NoError(t, err)
	require.Len(t, bands[figure.CPUUse][0].Mean, 1)
	require.InDelta(t, 0.7, bands[figure.CPUUse][0].Mean[0], 1e-12, "the processor was busy in the first half")
	require.InDelta(t, 0.1414214, bands[figure.CPUUse][0].SD[0], 1e-7, "of the means of 0.6 and 0.8")

	_, err = figure.Bands([]*figure.Timeline{sampled(0.2), figure.NewTimeline(2, 0.5, []int{0, 1, 1})}, 1)
	require.ErrorIs(t, err, figure.ErrShape)
	_, err = figure.Bands([]*figure.Timeline{sampled(0.2), figure.NewTimeline(1, 0.5, []int{0, 0, 0})}, 1)
	require.ErrorIs(t, err, figure.ErrShape)
}
