package realtime

import (
	"context"
	"errors"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
)

// TestRepeat: an episode is played until nothing is doubted, three times at most.
func TestRepeat(t *testing.T) {
	t.Parallel()
	for doubtful, want := range map[int]struct {
		played int
		doubts []string
	}{
		0: {1, nil}, 1: {2, nil}, 2: {3, nil}, 9: {3, []string{"attempt 1: late", "attempt 2: late", "attempt 3: late"}},
	} {
		played := 0
		doubts, err := repeat(func(doubt func(string)) error {
			if played++; played <= doubtful {
				doubt("late")
			}
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, want.doubts, doubts)
		require.Equal(t, want.played, played)
	}
	broken := errors.New("broken")
	_, err := repeat(func(func(string)) error { return broken })
	require.ErrorIs(t, err, broken)
}

// TestAlone: nobody plays beside another, and who waits can be stopped.
func TestAlone(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // where the lock is
	log, said := logtest.NewNullLogger()
	release, err := Alone(t.Context(), log)
	require.NoError(t, err)
	require.Empty(t, said.AllEntries())

	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	_, err = Alone(ctx, log)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Contains(t, said.LastEntry().Message, "waiting")

	got := make(chan error, 1)
	go func() {
		second, err := Alone(t.Context(), log)
		if err == nil {
			second()
		}
		got <- err
	}()
	release()
	require.NoError(t, <-got)
}
