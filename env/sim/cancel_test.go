package sim

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/station"
	"fairlb/env/workload"
)

// endless yields requests for ever, and cancels a context after some.
type endless struct {
	now    float64
	left   int
	cancel context.CancelFunc
}

func (s *endless) Next(r *workload.Request) error {
	if s.left--; s.left == 0 {
		s.cancel()
	}
	s.now += 1e-9
	r.Time, r.LB, r.Class = s.now, 0, 0
	r.Demand = append(r.Demand[:0], 1e-12)
	return nil
}

func (s *endless) Close() error { return nil }

// TestStepEndsWithItsContext: a step of any length ends when its context does,
// and so does the episode.
func TestStepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	source := &endless{left: 3 * pollEvery, cancel: cancel}
	law, err := workload.NewLaw("exponential", 1e-12, 0)
	require.NoError(t, err)
	e, err := New(Config{
		Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}}, Backlog: 8},
		LBs:    1, Timeout: 1, Duration: 1e6, StepInterval: 1e6, MaxLogWeight: 1, Heuristic: "lsq",
		Classes:  []workload.Class{{Name: "a", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: law}}}},
		Workload: func(uint64) (workload.Source, error) { return source, nil },
	})
	require.NoError(t, err)
	_, err = e.Reset(ctx, 1)
	require.NoError(t, err)
	_, err = e.Step(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Greater(t, source.left, -4*pollEvery, "it went on long after it was cancelled")
	_, err = e.Step(context.Background(), nil)
	require.Error(t, err)
	require.NoError(t, e.Close())
}
