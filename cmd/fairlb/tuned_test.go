package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/scenario"
	"fairlb/eval"
)

// TestTuned: the best fixed weights are a target beside others; the report and
// the log say what they are, in any format, and no number of cores changes it.
func TestTuned(t *testing.T) {
	args := []string{"eval", "tuned", "sed", "--scenario", "sim-moderate/50-50", "--seeds", "1-8", "--set", "duration=10", "--duration", "100"}
	evaluate := func() (eval.Evaluation, string) {
		out, stderr, err := command(t, append(args, "--format", "json")...)
		require.NoError(t, err)
		var report eval.Evaluation
		require.NoError(t, json.Unmarshal([]byte(out), &report))
		return report, stderr
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	report, stderr := evaluate()
	require.Equal(t, 100.0, report.DurationS)
	require.Equal(t, "tuned", report.Results[0].Target)
	require.Less(t, report.Results[0].Class("all").Mean, 0.95*report.Results[1].Class("all").Mean)
	require.Len(t, report.Notes, 1)
	require.Regexp(t, `^tuned: fixed weights 1 : [\d.]+ \(4 x 1 CPU, 4 x 2 CPU\), found on 256 training episodes of 10 s, where their mean is [\d.]+ s, that of equal weights [\d.]+ s and of weights by processors [\d.]+ s; \d+ evaluations$`, report.Notes[0])
	require.Equal(t, "level=info msg=\""+report.Notes[0]+"\"\n", stderr)
	require.Empty(t, report.Warnings)

	runtime.GOMAXPROCS(1)
	again, _ := evaluate()
	require.Equal(t, report, again)

	text, _, err := command(t, "eval", "tuned", "--scenario", "sim-moderate/50-50", "--seeds", "1", "--set", "duration=2")
	require.NoError(t, err)
	require.Contains(t, text, "\nnote: tuned: fixed weights 1 : ")
	help, _, err := command(t, "eval", "--help")
	require.NoError(t, err)
	require.Contains(t, help, "\n  tuned ")
}

// TestSearchEpisodes: many short episodes, few long ones, and as many as are
// asked for.
func TestSearchEpisodes(t *testing.T) {
	for _, test := range []struct {
		name, set string
		given     int
		want      int
	}{
		{"sim-moderate/pure-cpu", "duration=60", 0, 246},
		{"sim-moderate/pure-cpu", "duration=0.5", 0, 256},
		{"web-large/train", "duration=60", 0, 64},
		{"web-large/train", "duration=60", 3, 3},
	} {
		s, err := scenario.Load(test.name, []string{test.set})
		require.NoError(t, err)
		search, err := searchSettings{Episodes: test.given}.resolved(s)
		require.NoError(t, err)
		require.InDelta(t, test.want, search.Episodes, 10, "%s %s", test.name, test.set)
	}
	s, err := scenario.Load("for-loop", []string{"workload.trace=none.tsv"})
	require.NoError(t, err)
	_, err = searchSettings{}.resolved(s)
	require.Equal(t, exitUsage, exitCode(err), "%v", err)
}

// TestKeptWeights: a search is made once for what it depends on, and a file
// that is no record of one is refused.
func TestKeptWeights(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "weights")
	app := (&app{}).silent()
	search := defaultSearch()
	search.Episodes = 2
	find := func(set ...string) (tuned, error) {
		s, err := scenario.Load("sim-moderate/pure-cpu", append([]string{"duration=5"}, set...))
		require.NoError(t, err)
		return app.keptWeights(t.Context(), s, search, dir)
	}
	first, err := find()
	require.NoError(t, err)
	before := files(t, dir)
	require.Len(t, before, 1)
	second, err := find()
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, before, files(t, dir))
	_, err = find("servers[0].speed=2")
	require.NoError(t, err)
	require.Len(t, files(t, dir), 2)

	for path := range before {
		require.NoError(t, os.WriteFile(path, []byte("{}"), 0o666))
	}
	_, err = find()
	require.ErrorContains(t, err, "is not the record of a search of weights")
	require.Equal(t, exitUsage, exitCode(err))
}
