package invalid

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
)

type classified bool

func (classified) Error() string        { return "some of it" }
func (c classified) InvalidInput() bool { return bool(c) }

// TestIs: only what other input would cure is the user's to mend, however it
// is wrapped.
func TestIs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("disk on fire"), false},
		{fmt.Errorf("writing: %w", os.ErrPermission), false},
		{fmt.Errorf("wrapped: %w", context.Canceled), false},
		{Errorf("interrupted while reading: %w", context.Canceled), false},
		{fmt.Errorf("wrapped: %w", Errorf("--seeds: wrong")), true},
		{fmt.Errorf("wrapped: %w", os.ErrNotExist), true},
		{fmt.Errorf("wrapped: %w", checkpoint.ErrCorrupt), true},
		{fmt.Errorf("wrapped: %w", classified(true)), true},
		{errors.Join(Errorf("mend this"), classified(false)), false},
	} {
		require.Equal(t, test.want, Is(test.err), "%v", test.err)
	}
	require.ErrorIs(t, Errorf("a: %w", os.ErrNotExist), os.ErrNotExist)
	require.EqualError(t, Errorf("--seeds %q: wrong", "x"), `--seeds "x": wrong`)
}
