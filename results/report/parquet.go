package report

import (
	"io"
	"math"

	"github.com/parquet-go/parquet-go"

	"fairlb/eval"
)

// seedRow is a row of WriteEvaluationParquet: one target's figures of one class on one
// seed. Times are in s; a figure that is not known is null.
type seedRow struct {
	Scenario  string   `parquet:"scenario,dict"`
	DurationS float64  `parquet:"duration_s"`
	Target    string   `parquet:"target,dict"`
	Recipe    string   `parquet:"recipe,dict"` // empty of a heuristic
	Class     string   `parquet:"class,dict"`
	Seed      uint64   `parquet:"seed"`
	Requests  *uint64  `parquet:"requests,optional"`
	Failed    *uint64  `parquet:"failed,optional"`
	Mean      *float64 `parquet:"mean,optional"`
	P50       *float64 `parquet:"p50,optional"`
	P90       *float64 `parquet:"p90,optional"`
	P95       *float64 `parquet:"p95,optional"`
	P99       *float64 `parquet:"p99,optional"`
	P999      *float64 `parquet:"p999,optional"`
	Fairness  *float64 `parquet:"fairness,optional"` // of eval.AllClasses

	// Of the requests that did not fail.
	CompletedMean *float64 `parquet:"completed_mean,optional"`
	CompletedP95  *float64 `parquet:"completed_p95,optional"`
	CompletedP99  *float64 `parquet:"completed_p99,optional"`
}

// WriteEvaluationParquet writes a Parquet file with a row a target, class and seed.
// All figures over seeds can be computed from it, but not the quantiles of the
// requests of all seeds together.
func WriteEvaluationParquet(w io.Writer, e *eval.Evaluation) error {
	valueOf := func(s eval.Series, k int) *float64 {
		if k >= len(s) || math.IsNaN(s[k]) {
			return nil
		}
		return &s[k]
	}
	count := func(counts []uint64, k int) *uint64 {
		if k >= len(counts) {
			return nil
		}
		return &counts[k]
	}
	var rows []seedRow
	for i := range e.Results {
		result := &e.Results[i]
		for j := range result.Classes {
			f := &result.Classes[j]
			completed, _ := f.CompletedFigures()
			for k, seed := range e.Seeds {
				rows = append(rows, seedRow{
					Scenario: e.Scenario, DurationS: e.DurationS, Target: result.Target, Recipe: result.Recipe,
					Class: f.Class, Seed: seed,
					Requests: count(f.PerSeedN, k), Failed: count(f.PerSeedFailed, k), Mean: valueOf(f.PerSeed, k),
					P50: valueOf(f.PerSeedP50, k), P90: valueOf(f.PerSeedP90, k), P95: valueOf(f.PerSeedP95, k),
					P99: valueOf(f.PerSeedP99, k), P999: valueOf(f.PerSeedP999, k), Fairness: valueOf(f.PerSeedFairness, k),
					CompletedMean: valueOf(completed.PerSeed, k), CompletedP95: valueOf(completed.PerSeedP95, k), CompletedP99: valueOf(completed.PerSeedP99, k),
				})
			}
		}
	}
	return parquet.Write(w, rows, parquet.Compression(&parquet.Snappy))
}
