package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/train"
)

func TestScalars(t *testing.T) {
	got := scalars(train.Round{
		Round: 1, Episodes: 8, Steps: 240, Return: -3, Completion: 1.5, Failed: 2,
		Validation: new(float64),
		Stats:      agents.Stats{"critic_loss/1": 4, "critic_loss/0": 5, "sigma": 6}, PlaySeconds: 1, UpdateSeconds: 2,
	})
	require.Equal(t, []tfevents.Scalar{
		{Tag: "rollout/ep_rew_mean", Value: -3}, {Tag: "rollout/completion_time", Value: 1.5}, {Tag: "rollout/failed", Value: 2},
		{Tag: "time/play_s", Value: 1}, {Tag: "time/update_s", Value: 2}, {Tag: "rollout/validation", Value: 0}, {Tag: "time/fps", Value: 80},
		{Tag: "train/critic_loss_0", Value: 5}, {Tag: "train/critic_loss_1", Value: 4}, {Tag: "train/sigma", Value: 6},
	}, got)
}

// TestTrainingEvents: training leaves an event file of all its rounds, and a
// run that failed before its first leaves none.
func TestTrainingEvents(t *testing.T) {
	dir := trainSmall(t)
	events, truncated, err := tfevents.Read(filepath.Join(dir, tfevents.FileName))
	require.NoError(t, err)
	require.False(t, truncated)
	rec, err := record.Read(filepath.Join(dir, recordName))
	require.NoError(t, err)
	require.Len(t, rec.Rows, 2)
	require.Len(t, events, 2)
	for k, row := range rec.Rows {
		var round train.Round
		require.NoError(t, row.Decode(&round))
		require.Equal(t, int64(round.Episodes), events[k].Step)
		want := scalars(round)
		for i := range want { // as the file has them
			want[i].Value = float64(float32(want[i].Value))
		}
		require.Equal(t, want, events[k].Scalars)
		require.Equal(t, 20, round.Steps, "two episodes of 5 s in steps of 0.5 s")
		require.False(t, events[k].Wall.Before(rec.Header.Started.Truncate(time.Microsecond)))
	}

	dir = filepath.Join(t.TempDir(), "run")
	args := append([]string{"train", file(t, "small.yaml", "seed: 1\n"), "--out", dir}, small...)
	_, _, err = command(t, append(args, "--set", "sac.box=3")...)
	require.Error(t, err)
	_, err = os.Stat(filepath.Join(dir, tfevents.FileName))
	require.ErrorIs(t, err, os.ErrNotExist)
}
