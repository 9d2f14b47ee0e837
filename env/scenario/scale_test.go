package scenario

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestScaled: what servers can do and what comes have the same ratio as before, and the
// scenario that it is made of stays as it was.
func TestScaled(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"web-moderate/period-1", "sim-dynamic"} {
		s, err := Load(name, nil)
		require.NoError(t, err)
		scaled := s.Scaled(0.1)
		before, after := s.capacity(), scaled.capacity()
		require.InDelta(t, 0.1*before[0], after[0], 1e-12)
		require.InDelta(t, s.Rate()/before[0], scaled.Rate()/after[0], 1e-9)
		require.Equal(t, 1.0, s.Servers[0].Speed)
		_, err = scaled.Config()
		require.NoError(t, err)
	}
	s := Scenario{Workload: Workload{Trace: "t"}, Changes: []Change{{Kind: "speed", Value: 2}, {Kind: "cpus", Value: 2}}}
	scaled := s.Scaled(0.5)
	require.Equal(t, 0.5, scaled.Workload.RateFactor)
	require.Equal(t, []Change{{Kind: "speed", Value: 1}, {Kind: "cpus", Value: 2}}, scaled.Changes)
	require.Equal(t, 2.0, s.Changes[0].Value)
}
