package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/paper"
)

// tiny is a profile of a second.
func tiny() paper.Profile {
	return paper.Profile{
		Name: "tiny", TrainingSeeds: []uint64{1}, Episodes: 2, LargeEpisodes: 2, EpisodeDuration: 1,
		EvalSeeds: []uint64{1000, 1001}, EvalDuration: 1,
	}
}

// files returns the modification times of all files below a folder.
func files(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	times := map[string]int64{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		times[path] = info.ModTime().UnixNano()
		return err
	}))
	return times
}

// TestBookDoesNothingTwice: what is recorded is used again, what depends on
// another setting is not, and a cell sums up its runs.
func TestBookDoesNothingTwice(t *testing.T) {
	dir := t.TempDir()
	app := &app{stdout: io.Discard, stderr: io.Discard, log: newLogger(io.Discard)}
	jobs := []paper.Job{
		{Policy: paper.Policy{Method: "lsq"}, Scenarios: []string{"web-moderate/period-1"}},
		{Policy: paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-moderate/train", Seed: 1}, Scenarios: []string{"web-moderate/period-1"}},
		{Policy: paper.Policy{Method: "future-lb", Reward: "vbf", Training: "web-moderate/train", Seed: 1}, Scenarios: []string{"web-moderate/period-1"}},
	}
	first := newBook(dir, tiny())
	require.NoError(t, app.runJobs(t.Context(), first, jobs))
	before := files(t, dir)
	require.Len(t, first.evaluated, 2, "a method that does not exist yet has no evaluation")

	again := newBook(dir, tiny())
	require.NoError(t, app.runJobs(t.Context(), again, jobs))
	require.Equal(t, before, files(t, dir), "a second run writes nothing")
	require.Equal(t, first.evaluated, again.evaluated)

	longer := tiny()
	longer.EvalDuration = 2
	require.NoError(t, app.runJobs(t.Context(), newBook(dir, longer), jobs))
	require.Len(t, files(t, dir), len(before)+2, "another duration is evaluated anew, but not trained")

	table, err := paper.Get(11)
	require.NoError(t, err)
	for row, r := range table.Rows {
		value, ok := first.cell(table, row, 0)
		switch r.TargetName() {
		case "lsq", "distr-lb/vbf":
			require.True(t, ok)
			require.Equal(t, 2, value.N)
			require.Positive(t, value.Mean)
		default:
			require.False(t, ok, r.TargetName())
		}
	}
}

func TestBookRefusesWhatIsNoEvaluation(t *testing.T) {
	dir := t.TempDir()
	app := &app{stdout: io.Discard, stderr: io.Discard, log: newLogger(io.Discard)}
	jobs := []paper.Job{{Policy: paper.Policy{Method: "lsq"}, Scenarios: []string{"web-moderate/period-1"}}}
	require.NoError(t, app.runJobs(t.Context(), newBook(dir, tiny()), jobs))
	for path := range files(t, dir) {
		require.NoError(t, os.WriteFile(path, []byte("{"), 0o666))
	}
	err := app.runJobs(t.Context(), newBook(dir, tiny()), jobs)
	require.ErrorContains(t, err, "is not the record of an evaluation")
	require.Equal(t, exitUsage, exitCode(err))
}

// TestPrintTables prints a table from runs of a second: a row a method, the
// published values beside, a dash where a method does not exist yet; and the
// same again from what is recorded.
func TestPrintTables(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tables")
	table, err := paper.Get(16)
	require.NoError(t, err)
	show := func() string {
		var out strings.Builder
		app := &app{stdout: &out, stderr: io.Discard, log: newLogger(io.Discard)}
		require.NoError(t, app.printTables(t.Context(), []paper.Table{table}, tiny(), dir, "fairlb tables 16 --profile tiny"))
		return out.String()
	}
	text := show()
	require.Contains(t, text, "Table 16")
	for _, row := range table.Rows {
		require.Contains(t, text, row.Method)
	}
	runs := files(t, filepath.Join(dir, "train"))
	evaluations := files(t, filepath.Join(dir, "eval"))
	require.NotEmpty(t, runs)
	for _, ending := range []string{"csv", "json", "md"} {
		data, err := os.ReadFile(filepath.Join(dir, "table16."+ending))
		require.NoError(t, err)
		require.NotEmpty(t, data)
	}
	require.Equal(t, text, show())
	require.Equal(t, runs, files(t, filepath.Join(dir, "train")), "nothing is trained twice")
	require.Equal(t, evaluations, files(t, filepath.Join(dir, "eval")), "nothing is evaluated twice")
}
