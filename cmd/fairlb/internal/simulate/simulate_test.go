package simulate

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/scenario"
)

// TestDemands are the workload's: by little more than the law of large
// numbers, 1 s a request in sim-moderate.
func TestDemands(t *testing.T) {
	s, err := scenario.Load("sim-moderate/cpu-io-cpu", []string{"duration=500"})
	require.NoError(t, err)
	work, err := Demands(context.Background(), s, 3)
	require.NoError(t, err)
	sum := 0.0
	for time, w := range work {
		require.LessOrEqual(t, time, 500.0)
		sum += w
	}
	require.InDelta(t, 1, sum/float64(len(work)), 0.05)
}
