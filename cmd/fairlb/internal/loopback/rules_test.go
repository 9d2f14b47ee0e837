//go:build linux

package loopback

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
)

// TestRuleTraining: a dispatch rule learns from trials in real time, whose steps say what became of
// the requests.
func TestRuleTraining(t *testing.T) {
	s, err := scenario.Load("web-moderate/period-1", []string{"duration=1", "lbs=2"})
	require.NoError(t, err)
	envs := RuleTraining(s, nil)
	require.False(t, envs.Any)
	policy := &dispatch.Policy{}
	policy.Weight[0] = 0.1
	e, err := envs.Open(0, policy)
	require.NoError(t, err)
	defer e.Close()
	step, err := e.Reset(context.Background(), 7)
	require.NoError(t, err)
	var total env.Interval
	for !step.Truncated {
		step, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
		total.Completed += step.Interval.Completed
		total.CompletionSum += step.Interval.CompletionSum
	}
	require.Greater(t, total.Completed, 100)
	require.Positive(t, total.CompletionSum)
}
