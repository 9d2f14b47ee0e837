package job

import (
	"context"
	"errors"
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
