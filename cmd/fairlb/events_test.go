package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/train"
)

// TestTrainingEvents: training leaves an event file of all its rounds, and a
// run that failed before its first leaves none.
func TestTrainingEvents(t *testing.T) {
	dir := trainSmall(t)
	events, truncated, err := tfevents.Read(filepath.Join(dir, tfevents.FileName))
	require.NoError(t, err)
	require.False(t, truncated)
	rec, err := record.Read(filepath.Join(dir, runfolder.RecordName))
	require.NoError(t, err)
	require.Len(t, rec.Rows, 2)
	require.Len(t, events, 2)
	for k, row := range rec.Rows {
		var round train.Round
		require.NoError(t, row.Decode(&round))
		require.Equal(t, int64(round.Episodes), events[k].Step)
		values := map[string]float64{}
		for _, scalar := range events[k].Scalars {
			values[scalar.Tag] = scalar.Value
		}
		require.InDelta(t, round.Completion, values["rollout/completion_time"], 1e-6)
		require.Equal(t, 20, round.Steps, "two episodes of 5 s in steps of 0.5 s")
		require.False(t, events[k].Wall.Before(rec.Header.Started.Truncate(time.Microsecond)))
	}

	dir = filepath.Join(t.TempDir(), "run")
	args := append([]string{"train", fileOf(t, "small.yaml", "seed: 1\n"), "--out", dir}, small...)
	_, _, err = command(t, append(args, "--set", "sac.box=3")...)
	require.Error(t, err)
	_, err = os.Stat(filepath.Join(dir, tfevents.FileName))
	require.ErrorIs(t, err, os.ErrNotExist)
}
