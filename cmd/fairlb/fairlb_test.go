package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/results/record"
	"fairlb/results/report"
	"fairlb/train"
)

// command runs a command line in the test's folder of the moment.
func command(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = run(t.Context(), args, &out, &errs)
	return out.String(), errs.String(), err
}

// small are settings of a training run of a few seconds of simulated time.
var small = []string{"--set", "episodes=4", "--set", "episode_duration=5", "--set", "episodes_per_round=2",
	"--set", "updates_per_round=2", "--set", "sac.batch=8", "--set", "sac.critic_rounds=1", "--set", "checkpoint_every=1"}

// fileOf writes a file in a folder of the test and returns its path.
func fileOf(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

// trainSmall trains a small run and returns its folder.
func trainSmall(t *testing.T, extra ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	args := append([]string{"train", fileOf(t, "small.yaml", "method: distr-lb\n"), "--out", dir}, small...)
	_, _, err := command(t, append(args, extra...)...)
	require.NoError(t, err)
	return dir
}

func TestTrainAndEvaluate(t *testing.T) {
	dir := trainSmall(t, "--seed", "3")

	data, err := os.ReadFile(filepath.Join(dir, "hyperparameters.yaml"))
	require.NoError(t, err)
	hyper, err := train.LoadHyperparameters("hyperparameters.yaml", data, nil)
	require.NoError(t, err)
	require.Equal(t, uint64(3), hyper.Seed)
	require.Equal(t, 4, hyper.Episodes)
	again, err := settings.Marshal(hyper)
	require.NoError(t, err)
	require.Equal(t, string(data), string(again), "the resolved file says all")

	s, err := scenario.Load(filepath.Join(dir, "scenario.yaml"), nil)
	require.NoError(t, err)
	require.Equal(t, 5.0, s.Duration)

	rec, err := record.Read(filepath.Join(dir, "record.jsonl"))
	require.NoError(t, err)
	require.Equal(t, "train", rec.Header.Kind)
	require.Equal(t, []uint64{3}, rec.Header.Seeds)
	require.Equal(t, []string{"fairlb", "train"}, rec.Header.Command[:2])
	require.Equal(t, []string{"--set", "checkpoint_every=1", "--seed", "3"}, rec.Header.Command[len(rec.Header.Command)-4:], "the whole command line")
	require.Contains(t, string(rec.Header.Settings), `"episodes_per_round":2`)
	require.Len(t, rec.Rows, 2)
	var round train.Round
	require.NoError(t, rec.Rows[1].Decode(&round))
	require.Equal(t, 4, round.Episodes)
	require.Positive(t, round.Completion)
	require.Contains(t, round.Stats, "critic_loss/1")

	out, stderr, err := command(t, "eval", "sed", "lsq", dir, "--scenario", "sim-moderate/pure-cpu", "--seeds", "1000-1002", "--duration", "10", "--format", "json")
	require.NoError(t, err)
	require.Empty(t, stderr)
	var report struct {
		Scenario string          `json:"scenario"`
		Settings json.RawMessage `json:"settings"`
		Seeds    []uint64        `json:"seeds"`
		Duration float64         `json:"duration_s"`
		Results  []struct {
			Target  string                    `json:"target"`
			Classes map[string]map[string]any `json:"classes"`
		} `json:"results"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, "sim-moderate/pure-cpu", report.Scenario)
	require.Equal(t, []uint64{1000, 1001, 1002}, report.Seeds)
	require.Equal(t, 10.0, report.Duration)
	require.Contains(t, string(report.Settings), `"step_interval"`)
	require.Len(t, report.Results, 3)
	require.Equal(t, dir, report.Results[2].Target)
	all := report.Results[2].Classes["all"]
	for _, key := range []string{"n", "failed", "mean", "sd", "p50", "p90", "p95", "p99", "p999", "per_seed", "vs_sed"} {
		require.Contains(t, all, key)
	}
	require.Equal(t, report.Results[0].Classes["all"]["n"], all["n"], "the same arrivals for every target")
	for _, key := range []string{"diff", "lo", "hi", "significant"} {
		require.Contains(t, all["vs_sed"], key)
	}
}

func TestSameSeedSameCheckpoint(t *testing.T) {
	read := func(dir string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, train.CheckpointName))
		require.NoError(t, err)
		return data
	}
	old := runtime.GOMAXPROCS(2)
	first := read(trainSmall(t))
	runtime.GOMAXPROCS(1)
	second := read(trainSmall(t))
	runtime.GOMAXPROCS(old)
	require.Equal(t, first, second, "two runs, on two cores and on one")
	require.NotEqual(t, first, read(trainSmall(t, "--seed", "2")))
}

func TestInterruptedTrainingSaves(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	args := append([]string{"train", fileOf(t, "small.yaml", "method: distr-lb\n"), "--out", dir}, small...)
	err := run(ctx, args, &bytes.Buffer{}, &bytes.Buffer{})
	require.Equal(t, exitInterrupted, exitCode(err))
	meta, _, err := checkpoint.Load(filepath.Join(dir, train.CheckpointName))
	require.NoError(t, err)
	require.Zero(t, meta.Episode)
}

// TestInterruptedInTheMiddle: after an interruption the checkpoint holds the
// whole rounds so far, and can be evaluated.
func TestInterruptedInTheMiddle(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() { // interrupts once a round is recorded
		for ctx.Err() == nil {
			if rec, err := record.Read(filepath.Join(dir, "record.jsonl")); err == nil && len(rec.Rows) > 0 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	args := append([]string{"train", fileOf(t, "small.yaml", "method: distr-lb\n"), "--out", dir}, small...)
	var stdout, stderr bytes.Buffer
	err := run(ctx, append(args, "--set", "episodes=1000000", "--set", "checkpoint_every=0"), &stdout, &stderr)
	require.Equal(t, exitInterrupted, exitCode(err), "%v", err)
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), "interrupted; the checkpoint holds what was learned so far")

	rec, err := record.Read(filepath.Join(dir, "record.jsonl"))
	require.NoError(t, err)
	meta, _, err := checkpoint.Load(filepath.Join(dir, train.CheckpointName))
	require.NoError(t, err)
	require.Equal(t, 2*len(rec.Rows), meta.Episode, "two episodes a round")
	_, _, err = command(t, "eval", dir, "--scenario", "sim-moderate/pure-cpu", "--seeds", "1", "--duration", "2")
	require.NoError(t, err)
}

// TestDuration: the flag's default gives way to --set; the flag beside --set must
// say the same (see input_test.go).
func TestDuration(t *testing.T) {
	for _, test := range []struct {
		more []string
		want string
	}{
		{nil, "300"},
		{[]string{"--set", "duration=4"}, "4"},
		{[]string{"--duration", "2"}, "2"},
		{[]string{"--set", "duration=2.0", "--duration", "2"}, "2"},
	} {
		args := []string{"eval", "lsq", "--scenario", "sim-moderate/pure-cpu", "--seeds", "1", "--format", "csv"}
		out, _, err := command(t, append(args, test.more...)...)
		require.NoError(t, err)
		header, row, _ := strings.Cut(out, "\n")
		require.Equal(t, "scenario,target,class,seeds,duration_s,n,failed,mean,sd,p50,p90,p95,p99,p999,"+
			"mean_p95,sd_p95,mean_p99,sd_p99,baseline,diff,lo,hi,significant,iqm,iqm_lo,iqm_hi,improvement,improvement_lo,improvement_hi,fairness,sd_fairness", header)
		require.True(t, strings.HasPrefix(row, "sim-moderate/pure-cpu,lsq,all,1,"+test.want+","), row)
		cells := strings.Split(strings.TrimSpace(row), ",")
		fairness, err := strconv.ParseFloat(cells[len(cells)-2], 64)
		require.NoError(t, err)
		require.Greater(t, fairness, 1.0/8, "eight servers, not all alike")
		require.Less(t, fairness, 1.0)
	}
}

// TestHelp: help is a result, for the program and for each command.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help"}, {"help", "eval"}, {"eval", "--help"}, {"help", "scenarios", "show"}, {"trace", "--help"}, {"runs", "-h"}} {
		out, stderr, err := command(t, args...)
		require.NoError(t, err)
		require.Equal(t, exitDone, exitCode(err))
		require.Contains(t, out, "Usage:", "%v", args)
		require.Contains(t, out, "--help", "%v", args)
		require.Empty(t, stderr)
	}
}

// TestMissingCommand: help that nobody asked for is no result.
func TestMissingCommand(t *testing.T) {
	for _, args := range [][]string{nil, {"runs"}, {"trace"}, {"fit"}, {"theory"}} {
		out, stderr, err := command(t, args...)
		path := strings.Join(append([]string{"fairlb"}, args...), " ")
		require.EqualError(t, err, `a command is missing behind "`+path+`"`)
		require.Equal(t, exitUsage, exitCode(err))
		require.Empty(t, out)
		require.Contains(t, stderr, "Usage:\n  "+path)
		require.Contains(t, stderr, "Available Commands:")
	}
}

// TestExitCodes: only what the user can mend by other input is code 2.
func TestExitCodes(t *testing.T) {
	require.Equal(t, exitDone, exitCode(nil))
	require.Equal(t, exitFailed, exitCode(errors.New("disk on fire")))
	require.Equal(t, exitFailed, exitCode(fmt.Errorf("writing: %w", os.ErrPermission)))
	require.Equal(t, exitUsage, exitCode(fmt.Errorf("wrapped: %w", invalid.Errorf("wrong"))))
	require.Equal(t, exitUsage, exitCode(fmt.Errorf("wrapped: %w", os.ErrNotExist)))
	require.Equal(t, exitInterrupted, exitCode(fmt.Errorf("wrapped: %w", context.Canceled)))
}

func TestTrace(t *testing.T) {
	var b strings.Builder
	b.WriteString("time\tquery\n")
	for k := range 400 {
		b.WriteString(strings.Join([]string{formatTime(k), "\t/dummy.php/?n=3000000\n"}, ""))
	}
	path := fileOf(t, "trace.tsv", b.String())
	out, _, err := command(t, "eval", "sed", "lsq", "--scenario", "for-loop", "--set", "workload.trace="+path, "--seeds", "1", "--duration", "5", "--format", "csv")
	require.NoError(t, err)
	require.Contains(t, out, "for-loop,lsq,all,1,5,400,0,")
	out, _, err = command(t, "trace", "info", path)
	require.NoError(t, err)
	require.Contains(t, out, "requests    400\n")
	require.Contains(t, out, "rate        100.0 requests/s")
	trainSmall(t, "--set", "scenario=for-loop", "--set", "scenario.workload.trace="+path)
}

// TestOneTrainingTwice: a run and its best checkpoint are one training, as is its
// copy elsewhere; what groups training runs counts it once, and says so.
func TestOneTrainingTwice(t *testing.T) {
	one, two := trainSmall(t, "--seed", "1", "--set", "validation_seeds=500"), trainSmall(t, "--seed", "2", "--set", "validation_seeds=500")
	path := filepath.Join(one, train.BestName)
	m, parameters, err := checkpoint.Load(path)
	require.NoError(t, err)
	m.Episode-- // so that it is not the same checkpoint as the last
	require.NoError(t, checkpoint.Save(path, m, parameters))
	evaluate := func(targets ...string) *eval.Evaluation {
		out, _, err := command(t, append(append([]string{"eval"}, targets...), "sed", "--scenario", "sim-moderate/pure-cpu", "--seeds", "1-2", "--duration", "5", "--format", "json")...)
		require.NoError(t, err)
		var e eval.Evaluation
		require.NoError(t, json.Unmarshal([]byte(out), &e))
		return &e
	}
	want := []string{one + " and " + path + " are of one training, which has the same settings and seed: training runs are counted without " + path}
	e := evaluate(one, path)
	require.Empty(t, e.Groups, "one training is no group")
	require.Equal(t, want, e.Warnings)
	require.Len(t, e.Results, 3)

	e = evaluate(one, two, path)
	require.Len(t, e.Groups, 1)
	require.Equal(t, 2, e.Groups[0].Runs)
	require.Equal(t, want, e.Warnings)
	require.Equal(t, one, e.Results[2].RepeatsTraining)
	var b bytes.Buffer
	require.NoError(t, report.WriteMARLEval(&b, e))
	require.Contains(t, b.String(), `"run_2"`)
	require.NotContains(t, b.String(), `"run_3"`)
	require.Empty(t, evaluate(one, two).Warnings)
}

// TestOneWorkload: seeds that replay the same arrivals make no interval; blocks of
// the trace do. What is doubtful is said with the result, and by training.
func TestOneWorkload(t *testing.T) {
	var b strings.Builder
	b.WriteString("time\tquery\n")
	for k := range 400 {
		fmt.Fprintf(&b, "%.2f\t/?n=%d\n", 90+float64(k)/20, 1_000_000*(1+k*k%7))
	}
	path := fileOf(t, "trace.tsv", b.String())
	evaluate := func(args ...string) *eval.Evaluation {
		out, _, err := command(t, append([]string{"eval", "sed", "wcmp", "--scenario", "for-loop", "--seeds", "1-4", "--set", "workload.trace=" + path, "--format", "json"}, args...)...)
		require.NoError(t, err)
		var e eval.Evaluation
		require.NoError(t, json.Unmarshal([]byte(out), &e))
		return &e
	}
	const same = "workload.window begin: all 4 episodes replay the same arrivals and are one workload, not 4 (random and blocks draw others)"
	short := "the trace " + path + " is 19.95 s long (400 requests), an episode 40 s: no requests come in the last 20.05 s (workload.repeat=true begins the trace again)"
	e := evaluate("--duration", "40")
	require.Equal(t, []string{same, short}, e.Warnings)
	for _, r := range e.Results {
		require.True(t, r.OneWorkload)
		f := r.Class(eval.AllClasses)
		require.Equal(t, uint64(4*400), f.N, "a trace that begins at 90 s is there from 0 s on")
		require.Nil(t, f.IQM)
		require.Nil(t, f.VsSED)
		require.Nil(t, f.Improvement)
	}
	e = evaluate("--duration", "4.5", "--set", "workload.window=blocks", "--set", "workload.block=2")
	require.Empty(t, e.Warnings)
	require.NotNil(t, e.Results[1].Class(eval.AllClasses).VsSED)

	out, _, err := command(t, "eval", "sed", "wcmp", "--scenario", "for-loop", "--seeds", "1-4", "--set", "workload.trace="+path, "--duration", "40")
	require.NoError(t, err)
	out = strings.Join(strings.Fields(out), " ")
	require.Contains(t, out, "All seeds are one workload: there are no intervals over them.")
	require.Contains(t, out, "warning: "+same)

	_, log, err := command(t, append([]string{"train", filepath.Join("..", "..", "train", "recipes", "for-loop.yaml"), "--out", filepath.Join(t.TempDir(), "run"),
		"--set", "scenario.workload.window=begin", "--set", "scenario.workload.trace=" + path}, append(small, "--set", "episode_duration=40")...)...)
	require.NoError(t, err)
	require.Contains(t, log, "all 4 episodes replay the same arrivals")
	require.Contains(t, log, "no requests come in the last 20.05 s")
}

func formatTime(k int) string {
	return string(rune('0'+k/100)) + "." + string(rune('0'+k/10%10)) + string(rune('0'+k%10))
}

func TestPublishedTraces(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "traces", "poisson_for_loop_150.tsv")
	if _, err := os.Stat(path); err != nil {
		t.Skip("../shared/traces is absent")
	}
	out, _, err := command(t, "eval", "sed", "wcmp", "--scenario", "for-loop", "--set", "workload.trace="+path, "--seeds", "1", "--duration", "540", "--format", "csv")
	require.NoError(t, err)
	require.Contains(t, out, "for-loop,sed,all,1,540,78011,0,", "every request of the trace")
}

func TestScenarios(t *testing.T) {
	out, _, err := command(t, "scenarios")
	require.NoError(t, err)
	require.Len(t, strings.Split(strings.TrimSpace(out), "\n"), len(scenario.List()))
	out, _, err = command(t, "scenarios", "show", "web-dynamic", "--set", "changes[0].value=5")
	require.NoError(t, err)
	path := fileOf(t, "mine.yaml", out)
	s, err := scenario.Load(path, nil)
	require.NoError(t, err)
	require.Equal(t, 5., s.Changes[0].Value)
}

func TestGroupsOfTrainingRuns(t *testing.T) {
	one, two := trainSmall(t), trainSmall(t, "--seed", "2")
	out, _, err := command(t, "eval", "sed", one, two, "--scenario", "sim-moderate/pure-cpu", "--seeds", "1-3", "--duration", "5", "--format", "json")
	require.NoError(t, err)
	var report eval.Evaluation
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Len(t, report.Groups, 1)
	require.Equal(t, 2, report.Groups[0].Runs)
}

func TestPlot(t *testing.T) {
	dir := trainSmall(t)
	path := filepath.Join(t.TempDir(), "curve.svg")
	_, _, err := command(t, "plot", dir, "--out", path)
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(data), "mean completion time (s)")
	require.Contains(t, string(data), "oracle")
}

// TestDelay: the method that wants flows is given them in training, and its
// checkpoint steers where there are none.
func TestDelay(t *testing.T) {
	dir := trainSmall(t, "--set", "method=delay", "--set", "delay.batch=8", "--set", "delay.fit=0.5")
	data, err := os.ReadFile(filepath.Join(dir, "record.jsonl"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	require.Contains(t, lines[1], `"loss/0"`)
	require.NotContains(t, lines[2], `"loss/0"`, "the model is frozen")
	stdout, _, err := command(t, "eval", "lsq", dir, "--scenario", "sim-moderate/pure-cpu", "--seeds", "1", "--duration", "10")
	require.NoError(t, err)
	require.Contains(t, stdout, "lsq")
}
