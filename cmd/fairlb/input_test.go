package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/train"
)

// TestBadInput: what a user gets wrong is one line that names the place, the
// value and the rule, exit code 2, and nothing on stdout.
func TestBadInput(t *testing.T) {
	run := trainSmall(t)
	policy := filepath.Join(run, train.CheckpointName)
	whole, err := os.ReadFile(policy)
	require.NoError(t, err)
	truncated := file(t, "policy.safetensors", string(whole[:len(whole)/2]))
	hyper := func(text string) string { return file(t, "train.yaml", text) }
	scn := func(text string) string { return file(t, "scn.yaml", text) }
	trace := file(t, "trace.tsv", "time\tquery\n0.5\t/x?n=1\n0.4\t/x?n=1\n")
	shown, _, err := command(t, "scenarios", "show", "for-loop")
	require.NoError(t, err)
	evaluate := func(more ...string) []string { return append([]string{"eval", "sed", "--seeds", "1"}, more...) }

	for _, test := range []struct {
		name string
		args []string
		want string // what the line contains
	}{
		{"no target", []string{"eval", "--scenario", "for-loop"}, "requires at least 1 arg(s), only received 0 (see fairlb eval --help)"},
		{"no scenario", []string{"eval", "sed"}, "--scenario: must name a built-in scenario"},
		{"unknown command", []string{"evaluate"}, `unknown command "evaluate"`},
		{"unknown flag", []string{"eval", "--speed"}, "unknown flag: --speed"},
		{"unknown target", []string{"eval", "sde", "--scenario", "for-loop"}, `target "sde": neither a heuristic (ecmp, wcmp, lsq, sed, oracle, p2c, lsq-ordered, sed-ordered, jsq, sed-global) nor a run's folder or a checkpoint`},
		{"target twice", []string{"eval", "sed", "sed", "--scenario", "for-loop"}, `target "sed" is given twice`},
		{"format", evaluate("--scenario", "for-loop", "--format", "xml"), `--format "xml": must be text, json or csv`},
		{"seeds", []string{"eval", "sed", "--scenario", "for-loop", "--seeds", "9-3"}, `--seeds: `},
		{"duration", evaluate("--scenario", "for-loop", "--duration", "-1"), "duration = -1: must be positive and finite"},
		{"duration NaN", evaluate("--scenario", "for-loop", "--duration", "NaN"), "--set: duration = NaN: must be a number"},
		{"unknown scenario", evaluate("--scenario", "sim-moderate/pure"), `scenario "sim-moderate/pure": neither a file nor a built-in scenario (fairlb scenarios lists them; did you mean "sim-moderate/pure-cpu"?)`},
		{"missing scenario file", evaluate("--scenario", "none.yaml"), "none.yaml: no such file"},
		{"scenario field", evaluate("--scenario", scn("server: []\n"+shown)), `scn.yaml:1:1: server: unknown field (did you mean "servers"?)`},
		{"set path", evaluate("--scenario", "for-loop", "--set", "workload.rate=3"), "--set: workload.rate: unknown field"},
		{"set form", evaluate("--scenario", "for-loop", "--set", "workload"), "--set: workload: "},
		{"negative rate", evaluate("--scenario", "for-loop", "--set", "workload.arrivals.rate=-5"), "--set: workload.arrivals.rate = -5: must be finite and not negative"},
		{"trace line", evaluate("--scenario", "for-loop", "--set", "workload.trace="+trace), "trace.tsv:3: value \"0.4\": "},
		{"missing trace", evaluate("--scenario", "for-loop", "--set", "workload.trace=none.tsv"), "none.tsv: no such file"},
		{"another scenario's checkpoint", []string{"eval", run, "--scenario", "web-moderate/period-1"}, "trained for 2 LBs and 8 servers; the scenario has 2 LBs and 7 servers"},
		{"truncated checkpoint", []string{"eval", truncated, "--scenario", "sim-moderate/pure-cpu"}, "policy.safetensors: "},
		{"hyperparameter field", []string{"train", hyper("sac:\n  gama: 0.9\n")}, `train.yaml:2:3: sac.gama: unknown field (did you mean "gamma"?)`},
		{"wrong type", []string{"train", hyper("episodes: many\n")}, "train.yaml:1:11: episodes = "},
		{"hyperparameter value", []string{"train", hyper("sac: {gamma: 1.5}\n")}, "train.yaml:1:14: sac.gamma = 1.5: must be in [0, 1)"},
		{"method", []string{"train", hyper("method: qmix-lb\n")}, `train.yaml:1:9: method = "qmix-lb": must be one of distr-lb, rlb-sac`},
		{"reward", []string{"train", hyper("reward: speed\n")}, `train.yaml:1:9: reward = "speed": must be one of `},
		{"training scenario", []string{"train", hyper("scenario: nowhere\n")}, `scenario "nowhere": neither a file nor a built-in scenario`},
		{"missing file", []string{"train", "none.yaml"}, "none.yaml: no such file"},
		{"run exists", []string{"train", hyper("seed: 1\n"), "--out", run}, "holds a run already; name another folder with --out, or remove it"},
		{"table", []string{"tables", "10"}, "10"},
		{"table word", []string{"tables", "all"}, `table "all": must be a number, one of [11 12 13 14 15 16]`},
		{"profile", []string{"tables", "11", "--profile", "fast"}, `--profile: paper: unknown profile "fast"`},
		{"trace info", []string{"trace", "info", trace}, "trace.tsv:3: value \"0.4\": "},
		{"plot file", []string{"plot", run, "--out", "x.gif"}, `--out "x.gif": must end in .svg, .png or .pdf`},
		{"plot heuristic", []string{"plot", run, "--compare", "sde"}, `--compare: dispatch: unknown heuristic "sde"`},
		{"plot run", []string{"plot", "none"}, "none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stdout, _, err := command(t, test.args...)
			require.ErrorContains(t, err, test.want)
			require.Equal(t, exitUsage, exitCode(err), "exit code of %q", err)
			require.NotContains(t, err.Error(), "\n")
			require.NotContains(t, err.Error(), "goroutine")
			require.Empty(t, stdout)
		})
	}
}

// TestAllFaultsAtOnce: a file's faults come together, a line each.
func TestAllFaultsAtOnce(t *testing.T) {
	path := file(t, "train.yaml", "episodes: -1\nrewrad: vbf\nsac:\n  tau: 7\n  batch: x\n")
	_, _, err := command(t, "train", path)
	require.Equal(t, exitUsage, exitCode(err))
	lines := strings.Split(err.Error(), "\n")
	for _, want := range []string{":2:1: rewrad: unknown field", ":5:10: sac.batch"} {
		require.Contains(t, err.Error(), want)
	}
	for _, line := range lines {
		require.True(t, strings.HasPrefix(line, path+":"), "%q names its place", line)
	}
}
