package servicecurve

import (
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env/station"
	"fairlb/eval/figure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func small(cpus int, speed float64) station.Config {
	return station.Config{Servers: []station.Server{{CPUs: cpus, Speed: speed}}, CPU: station.ProcessorSharing, Workers: 4, Backlog: 3, Prefork: true}
}

// TestModel: a server does what its processors can, no request is lost, and what it has no
// room for is not there (Little's law).
func TestModel(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		cpus, concurrency int
		mix               [2]float64
		want              float64 // requests/s
	}{
		{1, 1, [2]float64{0.02, 0}, 25},
		{1, 7, [2]float64{0.02, 0}, 25},
		{2, 1, [2]float64{0.02, 0}, 25},
		{2, 2, [2]float64{0.02, 0}, 50},
		{2, 9, [2]float64{0.02, 0}, 50},
		{1, 1, [2]float64{0.01, 0.02}, 25},
	} {
		throughput, mean := model(small(test.cpus, 0.5), test.mix, test.concurrency, 200)
		require.InEpsilon(t, test.want, throughput, 0.03, "%+v", test)
		require.InEpsilon(t, math.Min(float64(test.concurrency), 7), throughput*mean, 0.03, "%+v", test)
	}
}

// TestMeasure: an emulated server does what the model does.
func TestMeasure(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("emulated servers need Linux")
	}
	seen := 0
	curve, err := Measure(t.Context(), Config{
		Server: small(2, 0.5), Mixes: [][2]float64{{0.02, 0}, {0.005, 0.005}}, Concurrency: []int{1, 6}, Seconds: 0.3, Timeout: 30 * time.Second,
		Progress: func(figure.ServiceMix, figure.ServicePoint) { seen++ },
	})
	require.NoError(t, err)
	require.Equal(t, 4, seen)
	require.Len(t, curve, 2)
	for _, m := range curve {
		for _, p := range m.Points {
			require.Zero(t, p.Failed)
			require.GreaterOrEqual(t, p.Completed, 2*p.Concurrency)
			require.Positive(t, p.Model)
			require.Greater(t, p.Mean, 0.5*m.CPU/0.5) // no request takes less than half the mean demand
			require.Positive(t, p.CPU)
			require.LessOrEqual(t, p.Busy, 4.0)
		}
	}
	_, err = Measure(t.Context(), Config{Server: station.Config{}})
	require.Error(t, err)
}
