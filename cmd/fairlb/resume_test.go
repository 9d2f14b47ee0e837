package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/agents/nn/simd"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/train"
)

// asProgram is the variable under which the test binary is the program itself.
const asProgram = "FAIRLB_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main() // which exits
	}
	os.Setenv(asProgram, "1") // load balancers and agents of the testbed are the program
	os.Exit(m.Run())
}

// program returns a command line of the program, as a process of its own.
func program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), asProgram+"=1", "GOMAXPROCS=2") // beside one that trains, signals are heard at once
	return c
}

// briefRun are settings of a training run of many rounds and little work.
var briefRun = []string{"--set", "episodes=80", "--set", "episode_duration=1", "--set", "episodes_per_round=2", "--set", "checkpoint_every=2",
	"--set", "updates_per_round=2", "--set", "sac.batch=8", "--set", "sac.hidden=4", "--set", "sac.critic_rounds=1", "--set", "sac.capacity=20", "--set", "validation_seeds=1"}

// left is what a run has left in its folder, without wall times.
type left struct {
	policy string
	best   string
	rounds []train.Round
	events []tfevents.Event
	files  []string
}

func leftIn(t *testing.T, dir string) left {
	t.Helper()
	policy, err := os.ReadFile(filepath.Join(dir, train.CheckpointName))
	require.NoError(t, err)
	l := left{policy: string(policy)}
	if best, err := os.ReadFile(filepath.Join(dir, train.BestName)); err == nil {
		l.best = string(best)
	}
	rec, err := record.Read(filepath.Join(dir, runfolder.RecordName))
	require.NoError(t, err)
	for _, row := range rec.Rows {
		var round train.Round
		require.NoError(t, row.Decode(&round))
		round.PlaySeconds, round.UpdateSeconds = 0, 0
		l.rounds = append(l.rounds, round)
	}
	events, truncated, err := tfevents.Read(filepath.Join(dir, tfevents.FileName))
	require.NoError(t, err)
	require.False(t, rec.Truncated || truncated)
	for _, e := range events {
		e.Wall = time.Time{}
		for k := range e.Scalars {
			if strings.HasPrefix(e.Scalars[k].Tag, "time/") {
				e.Scalars[k].Value = 0
			}
		}
		l.events = append(l.events, e)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		l.files = append(l.files, e.Name())
	}
	return l
}

// atRest checks what a stopped run has left: whole files, and a state that is
// no more than two rounds, the distance of checkpoints, behind the record and
// none behind one that was there before. It returns the state's rounds.
func atRest(t *testing.T, dir string, before int) int {
	t.Helper()
	rounds, episodes := 0, 0
	switch state, err := train.LoadState(filepath.Join(dir, train.StateName)); {
	case err == nil:
		rounds, episodes = state.Rounds, state.Episodes
	case !errors.Is(err, fs.ErrNotExist):
		require.NoError(t, err)
	}
	switch meta, _, err := checkpoint.Load(filepath.Join(dir, train.CheckpointName)); {
	case err == nil && meta.Episode == 80: // the end
		return 40
	case err == nil:
		require.LessOrEqual(t, meta.Episode, episodes)
	case !errors.Is(err, fs.ErrNotExist):
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, rounds, before)
	if rec, err := record.Read(filepath.Join(dir, runfolder.RecordName)); err == nil {
		require.LessOrEqual(t, rounds, len(rec.Rows))
		require.LessOrEqual(t, len(rec.Rows), rounds+2)
	} else {
		require.Zero(t, rounds)
	}
	return rounds
}

// written returns when a run last wrote its record; zero if it has none.
func written(dir string) time.Time {
	info, err := os.Stat(filepath.Join(dir, runfolder.RecordName))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// TestKilled: a run that is killed, or interrupted, dozens of times at any
// moment and goes on each time leaves what one that ran through leaves.
func TestKilled(t *testing.T) {
	t.Parallel()
	recipe := fileOf(t, "tiny.yaml", "method: distr-lb\n")
	root := t.TempDir()
	args := func(dir string) []string {
		return append([]string{"train", recipe, "--resume", "--out", dir}, briefRun...)
	}
	begun := time.Now()
	whole := filepath.Join(root, "whole")
	out, err := program(t, args(whole)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	took := time.Since(begun)
	want := leftIn(t, whole)
	require.Len(t, want.rounds, 40)
	require.Len(t, want.events, 40)
	require.NotEmpty(t, want.best)

	const stops = 40
	rng := rand.New(rand.NewPCG(1, 1))
	stopped, interrupted := 0, 0
	for stopped < stops {
		dir := filepath.Join(root, "run")
		for rounds, done := 0, false; !done; {
			var c *exec.Cmd
			if _, err := os.Stat(filepath.Join(dir, runfolder.HyperparametersName)); err == nil {
				c = program(t, "train", "--resume", "--out", dir)
			} else {
				c = program(t, args(dir)...)
			}
			var errs strings.Builder
			c.Stderr = &errs
			before := written(dir)
			require.NoError(t, c.Start())
			ended := make(chan error, 1)
			go func() { ended <- c.Wait() }()
			signal, within := os.Kill, took/2
			if rng.IntN(2) == 0 {
				// Before the program listens, an interruption is but a kill.
				for written(dir).Equal(before) && len(ended) == 0 {
					time.Sleep(time.Millisecond)
				}
				signal, within = os.Interrupt, took/8
			}
			timer := time.NewTimer(time.Duration(rng.Int64N(int64(within)) + 1))
			if stopped >= stops {
				timer.Stop()
			}
			select {
			case <-timer.C:
				stopped++
				_ = c.Process.Signal(signal) // it may have just ended
				err = <-ended
			case err = <-ended:
			}
			var exit *exec.ExitError
			switch {
			case err == nil:
				done = true
			case errors.As(err, &exit) && exit.ExitCode() == exitInterrupted:
				interrupted++
				require.Contains(t, errs.String(), "go on with: fairlb train --resume --out "+dir)
			default:
				require.ErrorAs(t, err, &exit)
				require.Equal(t, -1, exit.ExitCode(), "%v: %s", err, errs.String()) // by the signal
			}
			rounds = atRest(t, dir, rounds)
		}
		require.Equal(t, want, leftIn(t, dir))
		require.NoError(t, os.RemoveAll(dir))
	}
	t.Logf("%d stops, of which %d by an interruption that was heard", stopped, interrupted)
	require.Positive(t, interrupted)
}

// TestResumeRefusesOtherSettings: a run goes on as it was begun, or not at all.
func TestResumeRefusesOtherSettings(t *testing.T) {
	recipe := fileOf(t, "tiny.yaml", "method: distr-lb\n")
	dir := filepath.Join(t.TempDir(), "run")
	args := slices.Clip(append([]string{"train", recipe, "--out", dir}, briefRun...))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs strings.Builder
	require.Equal(t, exitInterrupted, exitCode(run(ctx, args, &errs, &errs)))
	require.Contains(t, errs.String(), "go on with: fairlb train --resume --out "+dir)

	quick := filepath.Join(t.TempDir(), "quick")
	more := append(args, "--out", quick, "--set", "scenario.step_interval=0.25")
	require.Equal(t, exitInterrupted, exitCode(run(ctx, more, &errs, &errs)))

	own := filepath.Join(dir, runfolder.HyperparametersName)
	for _, test := range []struct {
		args []string
		want string
	}{
		{args, dir + ": holds a run already; name another folder with --out, go on with it by --resume, or remove it"},
		{append(args, "--resume", "--set", "sac.rate=0.5", "--seed", "7"),
			own + ": cannot go on with other settings: seed = 7, the run has 1; sac.rate = 0.5, the run has 0.002"},
		{append(args, "--resume", "--set", "scenario.step_interval=0.25"),
			own + `: cannot go on with other settings: scenario_set = ["step_interval=0.25"], the run has -`},
		{[]string{"train", "--resume", "--out", dir, "--set", "episodes=3"},
			own + ": cannot go on with other settings: episodes = 3, the run has 80"},
		{[]string{"train", "--resume"}, "--resume: name the run's folder with --out, or its hyperparameter file"},
		{[]string{"train", "--resume", "--out", t.TempDir() + "/none"}, "none/hyperparameters.yaml: no such file"},
		{[]string{"train"}, "accepts 1 arg(s), received 0 (see fairlb train --help)"},
		{[]string{"train", recipe, recipe, "--resume"}, "accepts at most 1 arg(s), received 2 (see fairlb train --help)"},
		{append(args, "--resume", "--out", quick), filepath.Join(quick, runfolder.HyperparametersName) +
			`: cannot go on with other settings: scenario_set = -, the run has ["step_interval=0.25"]`},
	} {
		_, _, err := command(t, test.args...)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err))
	}

	// Files that do not belong together, or are damaged.
	for _, test := range []struct {
		name   string
		damage func(string) error
		want   string
	}{
		{train.StateName, func(path string) error { return os.Truncate(path, 1000) },
			"state.bin: not the state of this run: truncated or changed: the hash of its content differs: the run cannot go on " +
				"(policy.safetensors is whole: the policy of 0 episodes); train it anew into another folder: fairlb train " + own + " --out FOLDER"},
		{runfolder.ScenarioName, func(path string) error { return os.WriteFile(path, []byte("name: x\n"), 0o666) }, "scenario.yaml:"},
		{runfolder.ScenarioName, func(path string) error {
			data, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path, []byte(strings.Replace(string(data), "step_interval: 0.5", "step_interval: 0.25", 1)), 0o666))
		}, "scenario.yaml: is not the scenario that the run was begun in"},
		{runfolder.RecordName, os.Remove, "record.jsonl: no such file or directory"},
		{train.CheckpointName, func(path string) error { return os.Truncate(path, 1000) }, "; remove it, and the run goes on from its state.bin"},
	} {
		path := filepath.Join(dir, test.name)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, test.damage(path))
		_, _, err = command(t, "train", "--resume", "--out", dir)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err), "%v", err)
		require.NoError(t, os.WriteFile(path, data, 0o666))
	}
}

// TestResumeByTheSameArithmetic: what rounds differently would not come to the
// same bytes, so it does not go on; nothing of the run is changed.
func TestResumeByTheSameArithmetic(t *testing.T) {
	if simd.Name() == simd.Plain {
		t.Skip("without AVX2 there is only one arithmetic")
	}
	dir := stoppedRun(t)
	want := leftIn(t, dir).rounds
	c := program(t, "train", "--resume", "--out", dir)
	c.Env = append(c.Env, simd.Variable+"="+simd.Plain)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", out)
	require.Equal(t, exitUsage, exit.ExitCode())
	require.Equal(t, "fairlb: "+filepath.Join(dir, train.StateName)+": the run was made with "+train.Arithmetic()+", this process computes with gonum on "+runtime.GOARCH+
		", which rounds differently: go on without FAIRLB_BLAS=gonum in the environment, or train it anew into another folder: fairlb train "+
		filepath.Join(dir, runfolder.HyperparametersName)+" --out FOLDER\n", string(out))
	require.Equal(t, want, leftIn(t, dir).rounds)
}

// TestResumeByAnotherProgram: a state that another program saved is gone on
// from, with a warning.
func TestResumeByAnotherProgram(t *testing.T) {
	dir := stoppedRun(t)
	_, stderr, err := command(t, "train", "--resume", "--out", dir)
	require.NoError(t, err)
	require.NotContains(t, stderr, "level=warning")

	dir = stoppedRun(t)
	path := filepath.Join(dir, train.StateName)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	own := train.Program()
	data = bytes.Replace(data[:len(data)-sha256.Size], []byte(own), []byte(strings.Replace(own, "fairlb", "Fairlb", 1)), 1)
	sum := sha256.Sum256(data)
	require.NoError(t, os.WriteFile(path, append(data, sum[:]...), 0o666))
	_, stderr, err = command(t, "train", "--resume", "--out", dir)
	require.NoError(t, err)
	require.Contains(t, stderr, "level=warning")
	require.Contains(t, stderr, "the state was saved by Fairlb ")
}

// TestResumeAtTheEnd: a run at its end stays what it is, but for a state that is not
// that of its end, which a crash may have left; one that has learned and has none is not begun
// anew.
func TestResumeAtTheEnd(t *testing.T) {
	dir := trainSmall(t)
	want := leftIn(t, dir)
	state := filepath.Join(dir, train.StateName)
	for _, text := range []string{"", "anything"} {
		if text != "" {
			require.NoError(t, os.WriteFile(state, []byte(text), 0o666))
			want.files = slices.DeleteFunc(want.files, func(name string) bool { return name == train.StateName })
		}
		_, stderr, err := command(t, "train", "--resume", "--out", dir)
		require.NoError(t, err)
		require.Contains(t, stderr, "the run is at its end")
		require.Equal(t, want, leftIn(t, dir))
	}
	path := filepath.Join(dir, train.CheckpointName)
	meta, parameters, err := checkpoint.Load(path)
	require.NoError(t, err)
	meta.Episode = 2
	require.NoError(t, checkpoint.Save(path, meta, parameters))
	_, _, err = command(t, "train", "--resume", "--out", dir)
	require.EqualError(t, err, dir+": cannot go on: there is no state.bin beside the checkpoint of 2 episodes")
	require.Equal(t, exitUsage, exitCode(err))
	require.Len(t, leftIn(t, dir).rounds, 2, "nothing is lost")
}
