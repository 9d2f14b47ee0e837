package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"fairlb/eval"
	"fairlb/results/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// kept reads an evaluation of testdata. classes.json, which package eval has,
// has classes, failures, a baseline and warnings; recipes.json has two training
// runs of a recipe, and SED.
func kept(t *testing.T, name string) *eval.Evaluation {
	t.Helper()
	path := filepath.Join("testdata", name)
	if name == "classes.json" {
		path = filepath.Join("..", "..", "eval", path)
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var e eval.Evaluation
	require.NoError(t, json.Unmarshal(data, &e))
	return &e
}

func TestEvaluationText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, golden string
		statistics   bool
	}{
		{"groups.json", "groups.txt", false},
		{"classes.json", "classes.txt", false},
		{"one-seed.json", "one-seed.txt", false},
		{"alone.json", "alone.txt", false},
		{"long.json", "long.txt", false},
		{"recipes.json", "statistics.txt", true},
	} {
		var b bytes.Buffer
		require.NoError(t, report.WriteEvaluationText(&b, kept(t, test.name), test.statistics))
		golden(t, test.golden, b.Bytes())
		for line := range strings.Lines(b.String()) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), 120, test.name)
		}
	}
}

// TestEvaluationWithoutBaseline: where there is nothing to compare with, text
// has no difference.
func TestEvaluationWithoutBaseline(t *testing.T) {
	t.Parallel()
	for name, versus := range map[string]bool{"alone.json": false, "no-baseline.json": false, "classes.json": true} {
		var b bytes.Buffer
		require.NoError(t, report.WriteEvaluationText(&b, kept(t, name), false))
		require.Equal(t, versus, strings.Contains(b.String(), "vs sed"), name)
	}
}

func TestEvaluationCSV(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, report.WriteEvaluationCSV(&b, kept(t, "classes.json")))
	golden(t, "classes.csv", b.Bytes())
}

func TestParquetReadsBack(t *testing.T) {
	t.Parallel()
	e := kept(t, "recipes.json")
	e.Results[2].Classes[1].PerSeed[3] = math.NaN() // no such requests
	e.Results[0].Classes[0].Completed = &eval.Completed{
		PerSeed: eval.Series{1, 2, 3, 4, 5}, PerSeedP95: eval.Series{2, 3, 4, 5, 6}, PerSeedP99: eval.Series{3, 4, 5, 6, 7},
	}
	var b bytes.Buffer
	require.NoError(t, report.WriteEvaluationParquet(&b, e))
	type read struct {
		Scenario string   `parquet:"scenario"`
		Target   string   `parquet:"target"`
		Recipe   string   `parquet:"recipe"`
		Class    string   `parquet:"class"`
		Seed     uint64   `parquet:"seed"`
		Requests *uint64  `parquet:"requests,optional"`
		Failed   *uint64  `parquet:"failed,optional"`
		Mean     *float64 `parquet:"mean,optional"`
		P999     *float64 `parquet:"p999,optional"`
		P99      *float64 `parquet:"p99,optional"`
		Fairness *float64 `parquet:"fairness,optional"`
		P99Done  *float64 `parquet:"completed_p99,optional"`
	}
	rows, err := parquet.Read[read](bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Len(t, rows, 3*3*5)
	k := 0
	for _, result := range e.Results {
		for _, f := range result.Classes {
			for s, seed := range e.Seeds {
				want := read{e.Scenario, result.Target, result.Recipe, f.Class, seed, &f.PerSeedN[s], &f.PerSeedFailed[s], &f.PerSeed[s], &f.PerSeedP999[s], &f.PerSeedP99[s], nil, nil}
				if completed, ok := f.CompletedFigures(); ok {
					want.P99Done = &completed.PerSeedP99[s]
				}
				if math.IsNaN(f.PerSeed[s]) {
					want.Mean = nil
				}
				if s < len(f.PerSeedFairness) {
					want.Fairness = &f.PerSeedFairness[s]
				}
				require.Equal(t, want, rows[k])
				k++
			}
		}
	}
}

func TestMARLEval(t *testing.T) {
	t.Parallel()
	e := kept(t, "recipes.json")
	var b bytes.Buffer
	require.NoError(t, report.WriteMARLEval(&b, e))
	var raw map[string]map[string]map[string]map[string]map[string]map[string]any
	require.NoError(t, json.Unmarshal(b.Bytes(), &raw))
	task := raw["fairlb"]["web-moderate/period-1"]
	require.Len(t, task, 2)
	for name, runs := range task {
		require.Len(t, runs, 2, name)
		for _, run := range runs {
			require.Len(t, run["step_1"]["return"], 5)
			require.Len(t, run["absolute_metrics"]["return"], 1)
		}
	}
	second := task["distr-lb vbf"]["run_2"]["step_1"]
	require.Equal(t, e.Results[2].Classes[0].PerSeed[4], second["completion_time"].([]any)[4])
	require.Equal(t, -e.Results[2].Classes[0].PerSeed[4], second["return"].([]any)[4])
	require.Equal(t, task["sed"]["run_1"], task["sed"]["run_2"], "a heuristic is not trained")
	require.InDelta(t, -e.Results[2].Classes[0].Mean, task["distr-lb vbf"]["run_2"]["absolute_metrics"]["return"].([]any)[0], 1e-12)

	another := e.Results[1]
	another.Recipe = "another"
	e.Results = append(e.Results, another)
	require.ErrorIs(t, report.WriteMARLEval(io.Discard, e), eval.ErrUnmatched)
}
