package eval_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

// recipes is a report of two training runs of a recipe, and SED.
func recipes(t *testing.T) *eval.Report {
	r := report(t, config(), target("sed", 1, static(0)), target("a", 0.9, noisy), target("b", 0.8, noisy))
	r.Results[1].Recipe, r.Results[2].Recipe = "distr-lb vbf", "distr-lb vbf"
	r.Results[2].Classes[1].PerSeed[3] = math.NaN() // no such requests
	return r
}

func TestParquetReadsBack(t *testing.T) {
	t.Parallel()
	r := recipes(t)
	var b bytes.Buffer
	require.NoError(t, r.WriteParquet(&b))
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
	}
	rows, err := parquet.Read[read](bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Len(t, rows, 3*3*5)
	k := 0
	for _, result := range r.Results {
		for _, f := range result.Classes {
			require.Equal(t, f.N, total(f.PerSeedN))
			require.Equal(t, f.Failed, total(f.PerSeedFailed))
			for s, seed := range r.Seeds {
				want := read{r.Scenario, result.Target, result.Recipe, f.Class, seed, &f.PerSeedN[s], &f.PerSeedFailed[s], &f.PerSeed[s], &f.PerSeedP999[s], &f.PerSeedP99[s], nil}
				if math.IsNaN(f.PerSeed[s]) {
					want.Mean = nil
				}
				require.Equal(t, want, rows[k])
				k++
			}
		}
	}
}

func total(counts []uint64) (sum uint64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

func TestMARLEval(t *testing.T) {
	t.Parallel()
	r := recipes(t)
	var b bytes.Buffer
	require.NoError(t, r.WriteMARLEval(&b))
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
	require.Equal(t, r.Results[2].Classes[0].PerSeed[4], second["completion_time"].([]any)[4])
	require.Equal(t, -r.Results[2].Classes[0].PerSeed[4], second["return"].([]any)[4])
	require.Equal(t, task["sed"]["run_1"], task["sed"]["run_2"], "a heuristic is not trained")
	require.InDelta(t, -r.Results[2].Classes[0].Mean, task["distr-lb vbf"]["run_2"]["absolute_metrics"]["return"].([]any)[0], 1e-12)

	r.Results = append(r.Results, report(t, config(), target("c", 2)).Results[0])
	r.Results[3].Recipe = "another"
	require.ErrorIs(t, r.WriteMARLEval(&b), eval.ErrUnmatched)
}

func TestStatisticsText(t *testing.T) {
	t.Parallel()
	r := recipes(t)
	r.Statistics = true
	r.Results[1].Classes[0].PerSeedFairness, r.Results[1].Classes[0].Fairness = eval.Series{0.5}, 0.5
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	golden(t, "statistics.txt", b.Bytes())
}
