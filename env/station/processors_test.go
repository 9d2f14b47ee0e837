package station

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCores: idle cores first, then their further threads, of which the last core
// may have fewer; without threads, eq. 42.
func TestCores(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		law        Processors
		processors float64
		work       []float64 // of one task, two, three, ...
	}{
		{Processors{}, 2, []float64{1, 2, 2, 2}},
		{Processors{ThreadsPerCore: 1}, 2, []float64{1, 2, 2}},
		{Processors{ThreadsPerCore: 2, ThreadGain: 0.25}, 4, []float64{1, 2, 2.25, 2.5, 2.5}},
		{Processors{ThreadsPerCore: 2, ThreadGain: 0.25}, 3, []float64{1, 2, 2.25, 2.25}},
		{Processors{ThreadsPerCore: 2}, 1, []float64{1, 1}},
		{Processors{ThreadsPerCore: 4, ThreadGain: 0.25}, 4, []float64{1, 1.25, 1.5, 1.75, 1.75}},
		{Processors{ThreadsPerCore: 2, ThreadGain: 1}, 4, []float64{1, 2, 3, 4, 4}},
		{Processors{Contention: 0.5}, 1, []float64{1, 1 / 1.5, 1 / 2.0}},
	} {
		var s Station
		s.reset(1, int(test.processors), math.MaxInt, test.law)
		for n, want := range test.work {
			s.enter(0, 1)
			require.InDelta(t, want, s.rate*float64(n+1), 1e-12, "%+v, %d tasks", test.law, n+1)
			require.InDelta(t, want, test.law.Work(float64(n+1), test.processors), 1e-12, "%+v, %d tasks", test.law, n+1)
			require.Equal(t, min(float64(n+1), test.processors), s.procsUsed)
		}
		full := test.work[int(test.processors)-1]
		require.InDelta(t, full, test.law.Full(test.processors), 1e-12, "%+v", test.law)
	}
}
