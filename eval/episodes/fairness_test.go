package episodes

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
)

// TestFairness: loads are what is left over capacity, of servers that are in;
// samples without work, and those of the drain, do not count.
func TestFairness(t *testing.T) {
	t.Parallel()
	r := newRecorder(1)
	require.True(t, math.IsNaN(r.fairness.mean()))
	truth := func(work ...float64) *env.Truth {
		return &env.Truth{CPUWork: work, IOWork: make([]float64, 3), Capacity: []float64{1, 4, 1}, Out: []bool{false, false, true}}
	}
	r.Sample(0, truth(1, 4, 99)) // 1 s each
	require.InDelta(t, 1, r.fairness.mean(), 1e-12)
	r.Sample(1, truth(3, 4, 99)) // 3 s and 1 s: 16 / (2 * 10)
	require.InDelta(t, 0.9, r.fairness.mean(), 1e-12)
	r.Sample(2, truth(0, 0, 99))
	require.InDelta(t, 0.9, r.fairness.mean(), 1e-12)
	io := truth(1, 0, 0) // 1 s of CPU on the one, 1 s of IO on the other
	io.IOWork = []float64{0, 1, 0}
	r.Sample(2, io)
	require.InDelta(t, 2.8/3, r.fairness.mean(), 1e-12)
	r.reset()
	r.Sample(0, truth(3, 4, 99))
	require.InDelta(t, 0.8, r.fairness.mean(), 1e-12)
	r.fairness.closed = true
	r.Sample(3, truth(3, 0, 99))
	require.InDelta(t, 0.8, r.fairness.mean(), 1e-12)
	r.reset()
	r.Sample(0, truth(2, 0, 0))
	require.InDelta(t, 0.5, r.fairness.mean(), 1e-12)
}
