package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/cmd/fairlb/internal/tables"
	"fairlb/eval/paper"
	"fairlb/results/record"
	"fairlb/train"
)

// slowStudy writes a study of two trainings of a hundred rounds each, and
// returns its path.
func slowStudy(t *testing.T, every int) string {
	t.Helper()
	dir := t.TempDir()
	recipe := fmt.Sprintf("method: distr-lb\nreward: ongoing\nepisodes: 200\nepisode_duration: 2\nepisodes_per_round: 2\nupdates_per_round: 2\n"+
		"checkpoint_every: %d\nsac: {batch: 8, hidden: 4, critic_rounds: 1, capacity: 20}\n", every)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "slow.yaml"), []byte(recipe), 0o666))
	text := `name: slow
training_seeds: 1-2
evaluation_seeds: 1000-1001
duration: 5
heuristics: [sed]
methods:
  - {name: slow, recipe: slow.yaml, family: distr}
scenarios:
  - {name: cpu, scenario: sim-moderate/pure-cpu}
bars:
  - {scenario: cpu, at_most: 9, of: sed}
`
	path := filepath.Join(dir, "study.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

// partials are the folders of trainings that are not whole.
func partials(t *testing.T, out string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(out, "train", "*.partial"))
	require.NoError(t, err)
	return list
}

// recorded returns the rows of the record of the first partial folder, if it
// can be read.
func recorded(out string) []record.Row {
	list, _ := filepath.Glob(filepath.Join(out, "train", "*.partial")) // the pattern is right
	if len(list) == 0 {
		return nil
	}
	rec, err := record.Read(filepath.Join(list[0], runfolder.RecordName))
	if err != nil {
		return nil
	}
	return rec.Rows
}

// awaitRows returns when the first partial folder has that many rounds, and
// fails if that is not so in a minute.
func awaitRows(t *testing.T, out string, rows int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(recorded(out)) >= rows }, time.Minute, time.Millisecond)
}

// interrupted runs a command line until it has made so many rounds of a
// training, and checks that it ends as one that was interrupted.
func interrupted(t *testing.T, out string, rows int, args ...string) (stderr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var errs bytes.Buffer
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, args, &errs, &errs) }()
	awaitRows(t, out, rows)
	cancel()
	require.Equal(t, exitInterrupted, exitCode(<-ended), errs.String())
	return errs.String()
}

// TestStudyResumes: a training of a study that is interrupted, or killed, goes on
// where it was saved, and comes to what one that ran through comes to; none is
// begun behind an interruption.
func TestStudyResumes(t *testing.T) {
	t.Parallel()
	path := slowStudy(t, 5)
	whole := t.TempDir()
	_, _, err := command(t, "study", path, "--out", whole, "--workers", "1")
	require.NoError(t, err)
	runs, _, err := runfolder.Find(whole)
	require.NoError(t, err)
	require.Len(t, runs, 2)

	out := t.TempDir()
	args := []string{"study", path, "--out", out, "--workers", "1"}
	stderr := interrupted(t, out, 8, args...)
	require.NotContains(t, stderr, "going on")
	require.Len(t, partials(t, out), 1, "the second seed was not begun")
	saved := recorded(out)
	state, err := train.LoadState(filepath.Join(partials(t, out)[0], train.StateName))
	require.NoError(t, err)
	require.Equal(t, len(saved), state.Rounds, "an interruption loses no round")

	stderr = interrupted(t, out, len(saved)+7, args...)
	require.Contains(t, stderr, fmt.Sprintf("going on\" episodes=%d", 2*len(saved)))
	kept := recorded(out)
	require.Equal(t, saved, kept[:len(saved)], "with their wall times: they were not played again")

	killed := program(t, args...)
	require.NoError(t, killed.Start())
	awaitRows(t, out, len(kept)+7)
	require.NoError(t, killed.Process.Kill())
	require.Error(t, killed.Wait())
	state, err = train.LoadState(filepath.Join(partials(t, out)[0], train.StateName))
	require.NoError(t, err)
	require.Greater(t, state.Rounds, len(kept), "saved every five rounds")

	_, stderr, err = command(t, args...)
	require.NoError(t, err)
	require.Contains(t, stderr, fmt.Sprintf("going on\" episodes=%d", state.Episodes))
	require.Empty(t, partials(t, out))
	for _, dir := range runs {
		made := filepath.Join(out, "train", filepath.Base(dir))
		require.Equal(t, leftIn(t, dir), leftIn(t, made), "no state is left either")
		require.Equal(t, runfolder.CommandOf(made), runfolder.Read(made).Record.Command)
	}
	sameStudy(t, whole, out)
}

// TestStudyBeginsAnew: what a training has left is begun anew, with a line that
// says why, if it is damaged, of other settings, or of a program that kept no
// state.
func TestStudyBeginsAnew(t *testing.T) {
	t.Parallel()
	path := slowStudy(t, 5)
	whole, out := t.TempDir(), t.TempDir()
	args := func(out string) []string { return []string{"study", path, "--out", out, "--workers", "1"} }
	_, _, err := command(t, args(whole)...)
	require.NoError(t, err)
	interrupted(t, out, 6, args(out)...)
	partial := partials(t, out)[0]
	inPartial := func(name string) string { return filepath.Join(partial, name) }
	kept := t.TempDir()
	require.NoError(t, os.CopyFS(kept, os.DirFS(partial)))
	for _, test := range []struct {
		name   string
		damage func() error
		want   string
	}{
		{"state", func() error { return os.Truncate(inPartial(train.StateName), 1000) }, "not the state of this run"},
		{"no state", func() error { return os.Remove(inPartial(train.StateName)) }, "there is no state.bin"},
		{"checkpoint", func() error { return os.Truncate(inPartial(train.CheckpointName), 100) }, train.CheckpointName},
		{"record", func() error { return os.Truncate(inPartial(runfolder.RecordName), 10) }, runfolder.RecordName},
		{"settings", func() error {
			text, err := os.ReadFile(inPartial(runfolder.HyperparametersName))
			if err != nil {
				return err
			}
			return os.WriteFile(inPartial(runfolder.HyperparametersName), bytes.Replace(text, []byte("episodes: 200"), []byte("episodes: 2"), 1), 0o666)
		}, "cannot go on with other settings"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.NoError(t, os.RemoveAll(partial))
			require.NoError(t, os.CopyFS(partial, os.DirFS(kept)))
			before := recorded(out)
			require.NoError(t, test.damage())
			ctx, cancel := context.WithCancel(t.Context())
			var errs bytes.Buffer
			ended := make(chan error, 1)
			go func() { ended <- run(ctx, args(out), &errs, &errs) }()
			require.Eventually(t, func() bool {
				rows := recorded(out)
				return len(rows) > 0 && string(rows[0].JSON) != string(before[0].JSON)
			}, time.Minute, time.Millisecond)
			cancel()
			require.Equal(t, exitInterrupted, exitCode(<-ended))
			require.Contains(t, errs.String(), "begun anew")
			require.Contains(t, errs.String(), test.want)
		})
	}
	_, _, err = command(t, args(out)...)
	require.NoError(t, err)
	runs, _, err := runfolder.Find(whole)
	require.NoError(t, err)
	for _, dir := range runs {
		require.Equal(t, leftIn(t, dir), leftIn(t, filepath.Join(out, "train", filepath.Base(dir))))
	}
}

// TestTablesResume: the same of tables' trainings, and what was begun here and
// ended through a queue leaves nothing behind.
func TestTablesResume(t *testing.T) {
	t.Parallel()
	profile := paper.Profile{ // of forty rounds
		Name: "tiny", Recipes: paper.Table9Recipes, TrainingSeeds: []uint64{1}, Episodes: 40, LargeEpisodes: 2, EpisodeDuration: 1,
		EvalSeeds: []uint64{1000, 1001}, EvalDuration: 1,
	}
	var jobs []paper.Job
	for seed := range uint64(2) {
		jobs = append(jobs, paper.Job{
			Policy:    paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-moderate/train", Seed: seed + 1},
			Scenarios: []string{"web-moderate/period-1"},
		})
	}
	whole, dir := t.TempDir(), t.TempDir()
	var said bytes.Buffer
	app := newApp(nil, io.Discard, &said)
	fill := func(ctx context.Context, dir string, x store.Executor) error {
		return tables.NewResults(store.New(dir, x), profile, progress.Silent()).Fill(ctx, jobs)
	}
	local := executor.Local{Workers: 1, Log: app.log, Progress: progress.None{}}
	require.NoError(t, fill(t.Context(), whole, local))
	runs, _, err := runfolder.Find(whole)
	require.NoError(t, err)
	require.Len(t, runs, len(jobs))
	stop := func() {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- fill(ctx, dir, local) }()
		awaitRows(t, dir, 2)
		cancel()
		require.Equal(t, exitInterrupted, exitCode(<-ended))
		require.Len(t, partials(t, dir), 1, "no other was begun")
	}
	stop()
	saved := recorded(dir)
	said.Reset()
	require.NoError(t, fill(t.Context(), dir, local))
	require.Contains(t, said.String(), "going on")
	require.Empty(t, partials(t, dir))
	for _, run := range runs {
		made := filepath.Join(dir, "train", filepath.Base(run))
		require.Equal(t, leftIn(t, run), leftIn(t, made))
		if strings.Contains(made, "seed1") {
			rec, err := record.Read(filepath.Join(made, runfolder.RecordName))
			require.NoError(t, err)
			require.Equal(t, saved, rec.Rows[:len(saved)])
		}
	}

	require.NoError(t, os.RemoveAll(filepath.Join(dir, "train")))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "eval")))
	stop()
	flags := queueFlags{url: ownQueue, listen: "127.0.0.1:0", replicas: 1}
	require.NoError(t, flags.withExecutor(t.Context(), app, dir, 1, func(ctx context.Context, x store.Executor) error { return fill(ctx, dir, x) }))
	require.Empty(t, partials(t, dir))
	for _, run := range runs {
		require.Equal(t, leftIn(t, run), leftIn(t, filepath.Join(dir, "train", filepath.Base(run))))
	}
}
