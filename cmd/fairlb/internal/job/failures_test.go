package job

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/invalid"
)

// TestFailures: what the user must mend is told as such only if nothing else has
// failed; an interruption is none of the failures, nor is what concerns more
// than one job.
func TestFailures(t *testing.T) {
	t.Parallel()
	var f Failures
	require.NoError(t, f.Join(nil))
	require.ErrorIs(t, f.Keep(context.Canceled, true), context.Canceled)
	require.NoError(t, f.Keep(invalid.Errorf("mend this"), true))
	require.True(t, invalid.Is(f.Join(nil)))
	require.NoError(t, f.Keep(errors.New("broken"), true))
	require.False(t, invalid.Is(f.Join(nil)))
	require.ErrorContains(t, f.Join(nil), "mend this\nbroken")
	require.ErrorIs(t, f.Join(context.Canceled), context.Canceled)
	broken := errors.New("the queue is gone")
	require.Equal(t, broken, new(Failures).Keep(broken, false))
}

// TestRunAll: what fails alone is told when all others are done; what does not stops them.
func TestRunAll(t *testing.T) {
	t.Parallel()
	alone, gone := errors.New("broken"), errors.New("the queue is gone")
	var done atomic.Int64
	list := func(fault error) (jobs []func(context.Context) error) {
		done.Store(0)
		for k := range 20 {
			jobs = append(jobs, func(context.Context) error {
				if k == 3 {
					return fault
				}
				done.Add(1)
				return nil
			})
		}
		return jobs
	}
	ofOneJob := func(err error) bool { return errors.Is(err, alone) }
	require.NoError(t, RunAll(t.Context(), 2, ofOneJob, list(nil)))
	require.EqualValues(t, 19, done.Load())
	var partial *PartialError
	require.ErrorAs(t, RunAll(t.Context(), 2, ofOneJob, list(alone)), &partial)
	require.Equal(t, []error{alone}, partial.Failed)
	require.EqualValues(t, 19, done.Load())
	require.Equal(t, gone, RunAll(t.Context(), 1, ofOneJob, list(gone)))
	require.EqualValues(t, 3, done.Load(), "none is begun after it")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, RunAll(ended, 2, ofOneJob, list(nil)), context.Canceled)
	require.Zero(t, done.Load())
}
