package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/study"
)

// TestStudyPaths: every path in a study file begins at the file's folder, from
// wherever the program is run.
func TestStudyPaths(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	write("recipe.yaml", "method: es\nepisodes: 4\nepisodes_per_round: 2\nepisode_duration: 5\nreward: ongoing\n")
	servers := "servers: [{count: 2, cpus: 1, speed: 1}]\nlbs: 2\nduration: 5\nstep_interval: 0.5\n"
	write("scenarios/one.yaml", servers+"workload: {classes: [{name: a, share: 1, stages: [{resource: cpu, law: exponential, mean: 0.1}]}], arrivals: {rate: 5}}\n")
	var trace strings.Builder
	trace.WriteString("time\tquery\n")
	for k := range 400 {
		trace.WriteString(strings.Replace("0.T00\t/a?n=50000\n", "0.T", string(rune('0'+k/10%4))+"."+string(rune('0'+k%10)), 1))
	}
	write("web.tsv", trace.String())
	write("studies/tiny.yaml", `name: tiny
training_seeds: "1"
evaluation_seeds: "1000"
duration: 3
heuristics: [sed]
methods:
  - {name: es, recipe: ../recipe.yaml, family: es}
  - {name: shipped, recipe: es, family: es, set: [episodes=4, episodes_per_round=2, episode_duration=5]}
scenarios:
  - {name: one, scenario: ../scenarios/one.yaml}
  - {name: two, scenario: ../scenarios/one.yaml, train: ../scenarios/one.yaml}
  - {name: traced, scenario: for-loop, train: for-loop, set: ['workload.trace="../web.tsv"', workload.seconds_per_n=1e-7]}
bars:
  - {scenario: one, at_most: 9, of: sed}
`)
	t.Chdir(t.TempDir())
	_, log, err := command(t, "study", filepath.Join(dir, "studies", "tiny.yaml"), "--out", "out", "--only", "scenario=one", "--bars")
	require.NoError(t, err, log)
	report, err := os.ReadFile("out/study.md")
	require.NoError(t, err)
	require.Contains(t, string(report), "| shipped | 1 |")
	require.NotContains(t, string(report), "sed in one", "nothing of it is missing")
}

// TestStudyPathFaults: a path that begins elsewhere, or a recipe that there is
// not, is said with where it was looked for.
func TestStudyPathFaults(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"recipe: es.yaml", "recipe: ess", "nor is it the name of a shipped recipe (delay, demo"},
		{"recipe: es.yaml", "recipe: x/es.yaml", "no such file"},
		{"scenario: sim-moderate/pure-cpu", "scenario: mine.yaml", "mine.yaml: no such file"},
		{"scenario: sim-moderate/pure-cpu", "scenario: sim-moderate/pure-cpus", `did you mean "sim-moderate/pure-cpu"?`},
	} {
		_, _, err := command(t, "study", writeStudy(t, test.old, test.new), "--out", t.TempDir())
		require.ErrorContains(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err), "%v", err)
	}
}

// TestStudyReportOfNothing: a folder that holds nothing of the study is refused,
// and left as it was.
func TestStudyReportOfNothing(t *testing.T) {
	study, empty := writeStudy(t), t.TempDir()
	missing := filepath.Join(empty, "typo")
	other := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(other, "eval"), 0o777))
	for dir, want := range map[string]string{missing: "holds no results", empty: "holds no results", other: "holds no results of the study tiny"} {
		_, _, err := command(t, "study", study, "--report", "--out", dir)
		require.ErrorContains(t, err, want)
		require.Equal(t, exitUsage, exitCode(err), "%v", err)
		require.NoFileExists(t, filepath.Join(dir, "study.md"))
	}
	require.NoDirExists(t, missing)
}

// TestStudyBars: with --bars a missed bar, and one of which nothing has run, make
// the exit code 1; without, verdicts are printed alone.
func TestStudyBars(t *testing.T) {
	missed := writeStudy(t, "at_most: 9", "at_most: 0.01")
	out := t.TempDir()
	stdout, _, err := command(t, "study", missed, "--out", out, "--only", "method=es", "--only", "scenario=cpu")
	require.NoError(t, err)
	require.Contains(t, stdout, "missed")
	again, _, err := command(t, "study", missed, "--out", out, "--report", "--bars")
	require.Equal(t, stdout, again)
	require.ErrorContains(t, err, "--bars: ")
	require.ErrorContains(t, err, "cpu: mean at most 0.010 x sed: missed by es, ")
	require.Equal(t, exitFailed, exitCode(err))

	// The rules that are judged in every study do not count, even of the numbers
	// of a bar, and without bars nothing would.
	bar := study.Bar{Scenario: "cpu", AtMost: 1, Of: "wcmp"}
	own := study.Verdict{Bar: bar, Method: "es", Met: true}
	common := study.Verdict{Bar: bar, Method: "es", Rule: "mean below wcmp", Common: true}
	of := &study.Study{Bars: []study.Bar{bar}}
	require.NoError(t, unmetBars(of, []study.Verdict{own, common}))
	require.ErrorContains(t, unmetBars(of, []study.Verdict{common}), "1 bar not met:\n  cpu: mean at most 1.000 x wcmp: nothing to judge has run")
	none := writeStudy(t, "bars:\n  - {scenario: cpu, at_most: 9, of: sed}\n", "")
	_, _, err = command(t, "study", none, "--out", out, "--report", "--bars")
	require.ErrorContains(t, err, "--bars: "+none+" has no bars")
	require.Equal(t, exitUsage, exitCode(err))

	unjudged := writeStudy(t, "at_most: 9, of: sed}", "at_most: 9, of: sed}\n  - {scenario: web, at_most: 9, of: sed}")
	_, _, err = command(t, "study", unjudged, "--out", t.TempDir(), "--only", "method=es", "--only", "scenario=cpu", "--bars")
	require.ErrorContains(t, err, "web: mean at most 9.000 x sed: nothing to judge has run")
	require.Equal(t, exitFailed, exitCode(err))
}

// TestTrainByName: a shipped recipe is trained by its name, unless there is a
// file of that name.
func TestTrainByName(t *testing.T) {
	t.Chdir(t.TempDir())
	short := []string{"--set", "episodes=4", "--set", "episodes_per_round=2", "--set", "episode_duration=5"}
	_, _, err := command(t, append([]string{"train", "es", "--out", "a"}, short...)...)
	require.NoError(t, err)
	shown, _, err := command(t, "runs", "show", "a")
	require.NoError(t, err)
	require.Contains(t, shown, "es")
	require.NoError(t, os.WriteFile("es.yaml", []byte("method: delay\nreward: ongoing\n"), 0o666))
	_, _, err = command(t, append([]string{"train", "es.yaml", "--out", "b"}, short...)...)
	require.NoError(t, err)
	resolved, err := os.ReadFile("b/hyperparameters.yaml")
	require.NoError(t, err)
	require.Contains(t, string(resolved), "method: delay")
	_, _, err = command(t, "train", "ess")
	require.ErrorContains(t, err, "ess: no such file, nor is it the name of a shipped recipe (delay, demo")
	require.Equal(t, exitUsage, exitCode(err))
}
