//go:build linux

package operationtimes

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/shm"
	"fairlb/eval/theory/complexity"
)

func settings(t *testing.T) Settings {
	log, _ := logtest.NewNullLogger()
	cells := []complexity.Cell{{Sizes: complexity.Testbed()}}
	for _, k := range []int{2, 3, 8} {
		for _, p := range complexity.Parameters() {
			s := complexity.Sizes{Samples: 4, Servers: 3, Level: 2, Slots: 3}
			switch p {
			case complexity.Samples:
				s.Samples = k
			case complexity.Servers:
				s.Servers, s.Slots = k, k
			case complexity.Level:
				s.Level = k
			}
			cells = append(cells, complexity.Cell{Varied: p, Sizes: s})
		}
	}
	return Settings{Folder: t.TempDir(), Cells: cells, Rounds: 2, Least: time.Microsecond, Log: log}
}

// TestMeasure: every operation of the table is timed at every size in every round, and
// nothing is left behind.
func TestMeasure(t *testing.T) {
	t.Parallel()
	s := settings(t)
	m, err := Measure(t.Context(), s)
	require.NoError(t, err)
	require.Len(t, m.Timings, len(s.Cells)*len(complexity.Operations()))
	require.NotEmpty(t, m.Machine)
	for _, x := range m.Timings {
		require.Len(t, x.Nanoseconds, 2)
		require.GreaterOrEqual(t, x.Nanoseconds[0], leastTime)
		require.Positive(t, x.Bytes)
	}
	left, err := os.ReadDir(s.Folder)
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestNames: the operations of the claims are those of the region, in the same order.
func TestNames(t *testing.T) {
	t.Parallel()
	o, err := shm.NewOperations(filepath.Join(t.TempDir(), "region"), shm.Shape{Slots: 1, Samples: 1, Level: 2}, 1)
	require.NoError(t, err)
	defer func() { require.NoError(t, o.Close()) }()
	var names []string
	for _, x := range o.List() {
		names = append(names, x.Name)
	}
	require.Equal(t, complexity.Operations(), names)
}

// TestMeasureStops: an interrupt ends it, a folder that is not there is named, and so is
// the size of a region that cannot be.
func TestMeasureStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := settings(t)
	_, err := Measure(ctx, s)
	require.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(s.Folder)
	require.NoError(t, err)
	require.Empty(t, left)

	s.Cells[0].Level = 1
	_, err = Measure(t.Context(), s)
	require.ErrorIs(t, err, shm.ErrConfig)
	s.Folder = filepath.Join(s.Folder, "none")
	_, err = Measure(t.Context(), s)
	require.ErrorContains(t, err, s.Folder)
}

// TestTimed: what is prepared does not count, nor the first time.
func TestTimed(t *testing.T) {
	t.Parallel()
	prepared, done := 0, 0
	busy := func(d time.Duration) error {
		for begin := time.Now(); time.Since(begin) < d; {
		}
		return nil
	}
	do := func() error {
		done++
		if done <= 3 { // the first time
			return busy(20 * time.Millisecond)
		}
		return nil
	}
	o := shm.Operation{Times: 3, Prepare: func() error { prepared++; return busy(5 * time.Millisecond) }, Do: do}
	ns, err := timed(&o, time.Millisecond, 0)
	require.NoError(t, err)
	require.GreaterOrEqual(t, prepared, 2)
	require.Equal(t, 3*prepared, done)
	require.Less(t, ns, 1e6)
}
