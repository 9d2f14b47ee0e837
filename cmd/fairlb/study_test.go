package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/train"
)

// writeStudy writes a study of seconds and its recipe, and returns its path.
func writeStudy(t *testing.T, change ...string) string {
	t.Helper()
	dir := t.TempDir()
	recipe := "method: es\nepisodes: 8\nepisodes_per_round: 4\nepisode_duration: 5\nreward: ongoing\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "es.yaml"), []byte(recipe), 0o666))
	text := `name: tiny
training_seeds: 1-2
evaluation_seeds: 1000-1001
duration: 10
heuristics: [wcmp, sed]
methods:
  - {name: es, recipe: es.yaml, family: es}
  - {name: wide, recipe: ` + filepath.Join(dir, "es.yaml") + `, family: es, set: [es.sigma=0.3]}
scenarios:
  - {name: cpu, scenario: sim-moderate/pure-cpu, set: [lbs=3]}
  - {name: web, scenario: web-moderate/period-2, train: sim-dynamic, train_set: [episode_duration=4]}
bars:
  - {scenario: cpu, at_most: 9, of: sed}
`
	if len(change) > 0 {
		require.Contains(t, text, change[0])
		text = strings.Replace(text, change[0], change[1], 1)
	}
	path := filepath.Join(dir, "study.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

// TestStudy: a study that was stopped goes on, runs nothing twice, and comes to
// the same in the end.
func TestStudy(t *testing.T) {
	// The web scenario has seven servers, so that it must be trained as it is.
	path := writeStudy(t, ", train: sim-dynamic", "")
	out := t.TempDir()
	stdout, _, err := command(t, "study", path, "--out", out, "--only", "method=es", "--only", "scenario=cpu")
	require.NoError(t, err)
	require.Contains(t, stdout, "mean at most 9.000 x sed")
	part, err := os.ReadFile(filepath.Join(out, "study.md"))
	require.NoError(t, err)
	require.Contains(t, string(part), "## Not run yet\n\n- wide, seed 1, in cpu\n- wide, seed 2, in cpu\n- wcmp in web\n")

	_, _, err = command(t, "study", path, "--out", out)
	require.NoError(t, err)
	whole, err := os.ReadFile(filepath.Join(out, "study.md"))
	require.NoError(t, err)
	require.NotContains(t, string(whole), "Not run yet")
	require.Contains(t, string(whole), "| wide | 2 |")
	records, err := filepath.Glob(filepath.Join(out, "train", "*", "record.jsonl"))
	require.NoError(t, err)
	require.Len(t, records, 2*2*2, "seeds, methods, scenarios")
	times := map[string]os.FileInfo{}
	for _, file := range records {
		times[file], err = os.Stat(file)
		require.NoError(t, err)
	}
	_, _, err = command(t, "study", path, "--out", out)
	require.NoError(t, err)
	again, err := os.ReadFile(filepath.Join(out, "study.md"))
	require.NoError(t, err)
	require.Equal(t, string(whole), string(again))
	for file, before := range times {
		now, err := os.Stat(file)
		require.NoError(t, err)
		require.True(t, os.SameFile(before, now) && before.ModTime().Equal(now.ModTime()), "%s was made again", file)
	}
	picture, err := os.ReadFile(filepath.Join(out, "curves-cpu.png"))
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(picture, []byte("\x89PNG")))

	// Elsewhere, at once and with more workers: the same figures.
	other := t.TempDir()
	_, _, err = command(t, "study", path, "--out", other, "--workers", "3")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(out, "means.png"))
	require.FileExists(t, filepath.Join(out, "means.svg"))
	sameStudy(t, out, other)
}

func TestStudyRefuses(t *testing.T) {
	for _, test := range []struct {
		old, new string
		args     []string
		want     string
	}{
		{"", "", []string{"--workers", "0"}, "--workers 0: must be at least 1"},
		{"", "", []string{"--only", "method=sed"}, `--only "method=sed": must be method=NAME or scenario=NAME of the study`},
		{"wcmp, sed]", "best, sed]", nil, `heuristics[0] = "best": must be tuned or one of`},
		{"sim-moderate/pure-cpu", "sim-moderate/pure", nil, `scenarios[0]: scenario "sim-moderate/pure": neither a file`},
		{"recipe: es.yaml, family: es}", "recipe: no.yaml, family: es}", nil, `methods[0].recipe = "no.yaml"`},
		{"es.sigma=0.3", "es.sigma=-1", nil, `methods[1] (wide) in cpu: --set: es.sigma = -1: must be positive and finite`},
		{"train_set: [episode_duration=4]", "train_set: [method=sarsa]", nil, `(es) in web: --set: method = "sarsa": must be one of`},
	} {
		path := writeStudy(t, test.old, test.new)
		_, _, err := command(t, append([]string{"study", path, "--out", t.TempDir()}, test.args...)...)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err))
	}
}

// TestStudySharesTraining: scenarios that are trained for by the same run wait
// for it, and do not make it again beside each other.
func TestStudySharesTraining(t *testing.T) {
	path := writeStudy(t, `  - {name: cpu, scenario: sim-moderate/pure-cpu, set: [lbs=3]}
  - {name: web, scenario: web-moderate/period-2, train: sim-dynamic, train_set: [episode_duration=4]}`,
		`  - {name: cpu, scenario: sim-moderate/pure-cpu}
  - {name: mixed, scenario: sim-moderate/75-25, train: sim-moderate/pure-cpu}
  - {name: io, scenario: sim-moderate/25-75, train: sim-moderate/pure-cpu}`)
	out := t.TempDir()
	_, _, err := command(t, "study", path, "--out", out, "--workers", "4")
	require.NoError(t, err)
	runs, err := filepath.Glob(filepath.Join(out, "train", "*"))
	require.NoError(t, err)
	require.Len(t, runs, 2*2, "two methods, two seeds: %v", runs)
	whole, err := os.ReadFile(filepath.Join(out, "study.md"))
	require.NoError(t, err)
	require.NotContains(t, string(whole), "Not run yet")
}

// TestDamagedRunOfAStudy: the message says what to remove, which helps.
func TestDamagedRunOfAStudy(t *testing.T) {
	out := t.TempDir()
	args := []string{"study", writeStudy(t), "--out", out, "--only", "method=es", "--only", "scenario=cpu"}
	_, _, err := command(t, args...)
	require.NoError(t, err)
	runs, err := filepath.Glob(filepath.Join(out, "train", "*"))
	require.NoError(t, err)
	require.Len(t, runs, 2)
	require.NoError(t, os.Truncate(filepath.Join(runs[1], train.CheckpointName), 100))
	_, _, err = command(t, args...)
	require.Equal(t, exitUsage, exitCode(err))
	require.ErrorContains(t, err, "are left in the file; remove the folder "+runs[1]+", and the run is made again")
	require.NoError(t, os.RemoveAll(runs[1]))
	_, _, err = command(t, args...)
	require.NoError(t, err)
}

// poisonedStudy writes a study of two methods of one algorithm, the first of
// which cannot be trained: its gradients are not finite.
func poisonedStudy(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	recipe := "method: distr-lb\nreward: ongoing\nepisodes: 8\nepisode_duration: 2\nepisodes_per_round: 2\nupdates_per_round: 2\n" +
		"sac: {batch: 8, hidden: 4, critic_rounds: 1}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "recipe.yaml"), []byte(recipe), 0o666))
	text := `name: poison
training_seeds: 1-2
evaluation_seeds: 1000-1001
duration: 5
heuristics: [sed]
methods:
  - {name: poisoned, recipe: recipe.yaml, family: distr, set: [sac.rate=1e30]}
  - {name: good, recipe: recipe.yaml, family: distr}
scenarios:
  - {name: cpu, scenario: sim-moderate/pure-cpu}
bars:
  - {scenario: cpu, at_most: 9, of: sed}
`
	path := filepath.Join(dir, "study.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

// TestStudyWithFailures: a training that fails stops no other; all that failed
// is named at the end, behind the report of the rest, through a queue too, whose
// board names the study's methods.
func TestStudyWithFailures(t *testing.T) {
	t.Parallel()
	path := poisonedStudy(t)
	for _, more := range [][]string{{"--workers", "1"}, {"--workers", "2", "--queue"}} {
		out := t.TempDir()
		stdout, stderr, err := command(t, append([]string{"study", path, "--out", out}, more...)...)
		require.Equal(t, exitFailed, exitCode(err))
		require.ErrorContains(t, err, "failed: 2; the others are done; the same command tries again:\n")
		for _, seed := range []string{"1", "2"} {
			require.Equal(t, 1, strings.Count(err.Error(), "poisoned in cpu, seed "+seed+": "), err)
		}
		require.Contains(t, err.Error(), "the gradient is not finite")
		require.Contains(t, stdout, "mean at most 9.000 x sed")
		report, err := os.ReadFile(filepath.Join(out, "study.md"))
		require.NoError(t, err)
		require.Contains(t, string(report), "## Not run yet\n\n- poisoned, seed 1, in cpu\n- poisoned, seed 2, in cpu\n")
		require.Contains(t, string(report), "| good | 2 |")
		if len(more) < 3 {
			continue
		}
		require.Contains(t, stderr, `good in cpu, seed 2: done" job=train`)
		for _, seed := range []string{"1", "2"} {
			for _, what := range []string{"attempt 1 failed", "attempt 2 failed", "set aside"} {
				require.Equal(t, 1, strings.Count(stderr, "poisoned in cpu, seed "+seed+": "+what), stderr)
			}
		}
	}
}

// sameStudy wants two folders' studies to have come to the same.
func sameStudy(t *testing.T, one, two string) {
	t.Helper()
	var text [2][]byte
	for k, dir := range []string{one, two} {
		var err error
		text[k], err = os.ReadFile(filepath.Join(dir, "study.csv"))
		require.NoError(t, err)
	}
	require.Equal(t, string(text[0]), string(text[1]))
}
