package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/results/record"
	"fairlb/train"
)

// sameLeft requires that two runs have left the same, but for where they are.
func sameLeft(t *testing.T, want, got string) {
	t.Helper()
	require.Equal(t, leftIn(t, want), leftIn(t, got))
}

// TestFrom: a run begins at the policy of another, of another scenario; it says so, and
// can be verified, resumed and made again when that is gone, to the same bits.
func TestFrom(t *testing.T) {
	source := trainSmall(t)
	given, parameters, err := checkpoint.Load(filepath.Join(source, train.CheckpointName))
	require.NoError(t, err)
	recipe := fileOf(t, "tiny.yaml", "method: distr-lb\n")
	root := t.TempDir()
	args := func(dir string, more ...string) []string {
		set := append([]string{"train", recipe, "--out", dir, "--set", "scenario=misweighted/1.0"}, briefRun...)
		return append(append(set, "--set", "episodes=20", "--set", "sac.hidden=16"), more...)
	}
	whole := filepath.Join(root, "whole")
	_, stderr, err := command(t, args(whole, "--from", source)...)
	require.NoError(t, err)
	require.NotContains(t, stderr, "warning")

	h, err := runfolder.Hyperparameters(whole)
	require.NoError(t, err)
	require.Equal(t, given.ContentSHA256, h.From)
	rec, err := record.Read(filepath.Join(whole, runfolder.RecordName))
	require.NoError(t, err)
	require.Contains(t, string(rec.Header.Settings), `"from":"`+h.From+`"`)
	stdout, _, err := command(t, "runs", "show", whole)
	require.NoError(t, err)
	require.Regexp(t, `began with +a policy of distr-lb in sim-moderate/pure-cpu, of 4 episodes, SHA-256 `+h.From, stdout)
	anew := h
	anew.From = ""
	of, err := runfolder.Recipe(h)
	require.NoError(t, err)
	without, err := runfolder.Recipe(anew)
	require.NoError(t, err)
	require.NotEqual(t, without, of)

	// Stopped at once it holds what it began with.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	run2 := filepath.Join(root, "run")
	var errs strings.Builder
	require.Equal(t, exitInterrupted, exitCode(run(ctx, args(run2, "--from", filepath.Join(source, train.CheckpointName)), &errs, &errs)))
	_, first, err := checkpoint.Load(filepath.Join(run2, train.CheckpointName))
	require.NoError(t, err)
	require.Equal(t, parameters, first)
	require.NoError(t, os.RemoveAll(source))
	for _, dir := range []string{whole, run2} {
		_, _, err = command(t, "runs", "verify", dir)
		require.NoError(t, err)
	}
	_, _, err = command(t, "train", "--resume", "--out", run2)
	require.NoError(t, err)
	sameLeft(t, whole, run2)
	require.NoError(t, os.Remove(filepath.Join(run2, train.StateName)))
	require.NoError(t, os.Remove(filepath.Join(run2, train.CheckpointName))) // as if killed before the first checkpoint
	_, _, err = command(t, "train", "--resume", "--out", run2)
	require.NoError(t, err)
	sameLeft(t, whole, run2)
	again := filepath.Join(root, "again")
	_, _, err = command(t, "train", filepath.Join(whole, runfolder.HyperparametersName), "--out", again)
	require.NoError(t, err)
	sameLeft(t, whole, again)

	_, _, err = command(t, args(again, "--resume")...)
	require.ErrorContains(t, err, "cannot go on with other settings: from = -, the run has ")
	copied := filepath.Join(whole, train.BeginningName)
	_, _, err = command(t, args(again, "--resume", "--from", copied)...)
	require.NoError(t, err)
	for _, damage := range []struct {
		do   func(path string) error
		want string
	}{
		{func(path string) error { return os.Truncate(path, 100) }, "from.safetensors: truncated"},
		{func(path string) error {
			data, err := os.ReadFile(filepath.Join(whole, train.CheckpointName))
			require.NoError(t, err)
			return os.WriteFile(path, data, 0o666)
		}, "from.safetensors: is not the checkpoint that the run began at: its SHA-256 begins with "},
		{os.Remove, "from.safetensors: there is no such checkpoint"},
	} {
		require.NoError(t, damage.do(filepath.Join(again, train.BeginningName)))
		stdout, _, err = command(t, "runs", "verify", again)
		require.Error(t, err)
		require.Contains(t, stdout, damage.want)
	}
	file := filepath.Join(again, runfolder.HyperparametersName)
	_, _, err = command(t, "train", file, "--out", filepath.Join(root, "more"))
	require.EqualError(t, err, file+": from = "+h.From+": begins at that checkpoint, and "+filepath.Join(again, train.BeginningName)+" is not there: name it with --from")
	require.Equal(t, exitUsage, exitCode(err))
}

// TestFromRefuses: what does not fit is refused, with the file's name, before anything is
// made.
func TestFromRefuses(t *testing.T) {
	source := trainSmall(t)
	path := filepath.Join(source, train.CheckpointName)
	out := filepath.Join(t.TempDir(), "run")
	recipe := fileOf(t, "small.yaml", "method: distr-lb\n")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--set", "scenario.lbs=3"}, path + ": trained for 2 LBs and 8 servers; the scenario has 3 LBs and 8 servers"},
		{[]string{"--set", "sac.hidden=5", "--set", "sac.box=0.5"},
			path + ": trained with sac.box = 1; the run has 0.5; trained with sac.hidden = 16; the run has 5"},
		{[]string{"--set", "method=es"}, path + ": trained by the method distr-lb; the run is of es"},
		{[]string{"--from", out}, out + ": there is no such checkpoint: file does not exist"},
		{[]string{"--from", recipe}, recipe + ": "},
		{[]string{"--set", "from=run"}, `--set: from = "run": must be a SHA-256: 64 hexadecimal digits, lower-case; give the checkpoint itself by train --from`},
	} {
		_, _, err := command(t, append([]string{"train", recipe, "--out", out, "--from", source}, test.args...)...)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err), "%v", err)
		require.NoDirExists(t, out)
	}
	_, stderr, err := command(t, append([]string{"train", recipe, "--out", out, "--from", source, "--set", "scenario.step_interval=0.25"}, small...)...)
	require.NoError(t, err)
	require.Contains(t, stderr, "trained for steps of 0.5 s; the scenario has steps of 0.25 s; training has to bridge that")
	study := fileOf(t, "study.yaml", "name: x\nmethods:\n  - {name: a, family: b, recipe: "+filepath.Join(out, runfolder.HyperparametersName)+"}\n"+
		"scenarios:\n  - {name: c, scenario: sim-moderate/pure-cpu}\ntraining_seeds: \"1\"\nevaluation_seeds: \"5\"\n")
	_, _, err = command(t, "study", study, "--out", t.TempDir())
	require.ErrorContains(t, err, "must be left out: train --from alone begins at a checkpoint")
}

// TestContinue: a run at its end goes on to more episodes, may be stopped and resumed on
// the way, and again beyond the new end; the run is then what its settings make from the
// beginning.
func TestContinue(t *testing.T) {
	for method, episodes := range map[string]string{"distr-lb": "11", "es": "12"} {
		recipe := fileOf(t, "tiny.yaml", "method: "+method+"\n")
		root := t.TempDir()
		dir := filepath.Join(root, "run")
		args := append(append([]string{"train", recipe, "--out", dir}, briefRun...), "--set", "episodes="+episodes)
		_, _, err := command(t, args...)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var errs strings.Builder
		require.Equal(t, exitInterrupted, exitCode(run(ctx, []string{"train", "--continue", "--out", dir, "--set", "episodes=20"}, &errs, &errs)))
		require.Contains(t, errs.String(), "go on with: fairlb train --resume --out "+dir)
		stdout, _, err := command(t, "runs", "verify", dir)
		require.NoError(t, err)
		require.Equal(t, dir+": ok so far: "+episodes+" of 20 episodes\n", stdout)
		_, _, err = command(t, "train", "--continue", "--out", dir, "--set", "episodes=40")
		require.EqualError(t, err, dir+": the run is not at its end, but behind episode "+episodes+" of 20: go on with it by --resume first")
		_, _, err = command(t, "train", "--resume", "--out", dir)
		require.NoError(t, err)
		_, _, err = command(t, "train", "--continue", "--out", dir, "--set", "episodes=24")
		require.NoError(t, err)
		stdout, _, err = command(t, "runs", "verify", dir)
		require.NoError(t, err)
		require.Equal(t, dir+": ok\n", stdout)
		stdout, _, err = command(t, "runs", "show", dir)
		require.NoError(t, err)
		require.Regexp(t, `continued +behind episodes `+episodes+`, 20\n`, stdout)

		again := filepath.Join(root, "again")
		_, _, err = command(t, "train", filepath.Join(dir, runfolder.HyperparametersName), "--out", again)
		require.NoError(t, err)
		want, got := leftIn(t, again), leftIn(t, dir)
		want.best, got.best = "", "" // that of an earlier end names the settings of then
		require.Equal(t, want, got)
		require.Equal(t, policyOf(t, filepath.Join(again, train.BestName)), policyOf(t, filepath.Join(dir, train.BestName)))
	}
}

// policyOf returns the values of a checkpoint by name.
func policyOf(t *testing.T, path string) map[string][]float32 {
	t.Helper()
	_, parameters, err := checkpoint.Load(path)
	require.NoError(t, err)
	out := map[string][]float32{}
	for _, p := range parameters {
		out[p.Name] = p.Data
	}
	return out
}

// TestContinueRefuses: only the number of episodes may change, and only rise, of a run
// whose state of the end is there.
func TestContinueRefuses(t *testing.T) {
	dir := trainSmall(t)
	want := leftIn(t, dir)
	for _, test := range []struct{ args, want string }{
		{"--set episodes=4", "--continue: episodes = 4: must be above those of the run, 4: --set episodes=N"},
		{"", "--continue: episodes = 4: must be above those of the run, 4: --set episodes=N"},
		{"--set episodes=8 --set sac.rate=0.5", "--continue: only episodes may change, other settings stay as they are: sac.rate = 0.5, the run has 0.002"},
		{"--set episodes=8 --set scenario.lbs=3", `--continue: only episodes may change, other settings stay as they are: scenario_set = ["lbs=3"], the run has -`},
		{"--set episodes=8 --resume", "--continue and --resume: give one"},
		{"--set episodes=8 --from " + dir, "--continue and --from: a run that goes on has begun already"},
		{"es --set episodes=8", "--continue: name the run's folder with --out, and no hyperparameter file"},
		{"--set episodes=8 --out " + filepath.Join(dir, "none"), "none/hyperparameters.yaml: no such file"},
	} {
		_, _, err := command(t, append([]string{"train", "--continue", "--out", dir}, strings.Fields(test.args)...)...)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err))
	}
	require.Equal(t, want, leftIn(t, dir))
	require.NoError(t, os.Truncate(filepath.Join(dir, train.StateName), 1000))
	_, _, err := command(t, "train", "--continue", "--out", dir, "--set", "episodes=8")
	require.ErrorContains(t, err, "state.bin: not the state of this run: truncated or changed")
	require.Equal(t, exitUsage, exitCode(err))
	require.NoError(t, os.Remove(filepath.Join(dir, train.StateName)))
	_, _, err = command(t, "train", "--continue", "--out", dir, "--set", "episodes=8")
	require.EqualError(t, err, dir+": there is no state.bin of the run's end, from which it could go on: it is left where it has at most 64 MiB, or with --keep-state; "+
		"another run can begin at its policy: fairlb train "+filepath.Join(dir, runfolder.HyperparametersName)+" --from "+dir+" --out FOLDER")
	require.Equal(t, exitUsage, exitCode(err))
}
