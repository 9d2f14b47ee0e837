package figure_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/eval/figure"
)

func TestWorkRecorder(t *testing.T) {
	demands := map[float64]float64{10: 1, 11: 1, 19.9: 4, 19: 5, 30: 1, 40: 1}
	w, err := figure.NewWorkRecorder(45, 5, 10, []int{0, 1, 1, 0}, demands)
	require.NoError(t, err)
	for _, o := range []env.Outcome{
		{Arrival: 9.9, Server: 1}, // while queues fill
		{Arrival: 10, Server: 0}, {Arrival: 11, Server: 3}, {Arrival: 19.9, Server: 1, Failed: true}, {Arrival: 19, Server: 2}, {Arrival: 10, Server: 2},
		{Arrival: 20, Server: -1}, // nobody took it
		{Arrival: 30, Server: 2},
		{Arrival: 40, Server: 0}, // in a window that the episode's end cuts
	} {
		w.Record(o)
	}
	require.Equal(t, []float64{1.5, math.Inf(1)}, w.RequestRatios(1, 0), "the window from 20 s on is empty")
	require.Equal(t, []float64{2.0 / 3, 0}, w.RequestRatios(0, 1))
	require.Equal(t, []float64{10.0 / 2, math.Inf(1)}, w.WorkRatios(1, 0))
}

// TestWorkRecorderByServer: a ratio is of one server to one, not of the groups.
func TestWorkRecorderByServer(t *testing.T) {
	w, err := figure.NewWorkRecorder(10, 0, 10, []int{0, 1, 1}, nil)
	require.NoError(t, err)
	for server := range 3 {
		w.Record(env.Outcome{Server: server})
	}
	require.Equal(t, []float64{1}, w.RequestRatios(1, 0))
	require.Empty(t, w.WorkRatios(1, 0), "no work is known")
}

func TestNoWindow(t *testing.T) {
	for _, x := range [][3]float64{{10, 5, 10}, {10, 0, 11}, {10, 0, 0}, {10, math.NaN(), 1}} {
		_, err := figure.NewWorkRecorder(x[0], x[1], x[2], []int{0, 1}, nil)
		require.ErrorContains(t, err, "no whole window", "%v", x)
	}
}

func TestQuantile(t *testing.T) {
	rising := []float64{1, 2, 3, math.Inf(1)}
	require.Equal(t, 2.0, figure.QuantileOf(rising, 0.5))
	require.Equal(t, 3.0, figure.QuantileOf(rising, 0.75))
	require.Equal(t, math.Inf(1), figure.QuantileOf(rising, 0.95))
}
