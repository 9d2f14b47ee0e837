package episodes_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/eval"
	"fairlb/eval/episodes"
)

var update = flag.Bool("update", false, "write the golden file anew")

// noisy multiplies completion times by a factor that depends on the seed.
func noisy(f *fake) {
	f.outcome = func(seed uint64, o env.Outcome) env.Outcome {
		o.Completion *= 1 + 0.02*math.Sin(float64(seed))
		if o.Class == 1 {
			o.Completion /= 40
		}
		return o
	}
}

// static makes class 1 short and lets some requests fail.
func static(failEvery int) func(*fake) {
	n := 0
	return func(f *fake) {
		f.outcome = func(_ uint64, o env.Outcome) env.Outcome {
			if o.Class == 1 {
				o.Completion /= 40
			}
			if n++; failEvery > 0 && n%failEvery == 0 {
				o.Failed, o.Completion = true, 40
			}
			return o
		}
	}
}

func evaluation(t *testing.T, cfg episodes.Config, targets ...episodes.Target) *eval.Evaluation {
	t.Helper()
	cfg.Workers = 1
	results, err := episodes.Run(t.Context(), cfg, targets)
	require.NoError(t, err)
	return &eval.Evaluation{
		Scenario:  "web-moderate/period-1",
		Settings:  map[string]any{"servers": 7, "rate": 796.315},
		Seeds:     cfg.Seeds,
		DurationS: 60,
		Results:   results,
	}
}

// TestGolden: what a run comes to, with classes, failures and a baseline, is
// the evaluation that package eval keeps, and package results/report writes, in
// their tests.
func TestGolden(t *testing.T) {
	t.Parallel()
	e := evaluation(t, config(func(c *episodes.Config) { c.Seeds = []uint64{1000, 1001, 1002, 1003, 7} }),
		target("wcmp", 1.4, static(97)), target("lsq", 1.004, noisy), target("sed", 1, static(0)),
		target("distr-lb-vbf+logvbf", 0.93, static(0)))
	e.Warnings = []string{"the traffic is a first calibration, see results/fit/README.md"}
	var b bytes.Buffer
	require.NoError(t, e.WriteJSON(&b))
	path := filepath.Join("..", "testdata", "classes.json")
	if *update {
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())

	var back eval.Evaluation
	require.NoError(t, json.Unmarshal(b.Bytes(), &back))
	require.Equal(t, e.Results, back.Results, "it reads back whole")
	for _, result := range e.Results {
		for _, f := range result.Classes {
			require.Equal(t, f.N, total(f.PerSeedN))
			require.Equal(t, f.Failed, total(f.PerSeedFailed))
		}
	}
}

func total(counts []uint64) (sum uint64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

// TestWithoutBaseline: where there is nothing to compare with, there is no
// difference.
func TestWithoutBaseline(t *testing.T) {
	t.Parallel()
	for _, e := range []*eval.Evaluation{
		evaluation(t, config(), target("lsq", 1)),
		evaluation(t, config(func(c *episodes.Config) { c.Seeds = []uint64{1} }), target("lsq", 1), target("sed", 1)),
	} {
		var b bytes.Buffer
		require.NoError(t, e.WriteJSON(&b))
		require.NotContains(t, b.String(), "vs_sed")
	}
	var b bytes.Buffer
	require.NoError(t, evaluation(t, config(), target("lsq", 1), target("sed", 1)).WriteJSON(&b))
	require.Equal(t, 3, strings.Count(b.String(), `"vs_sed": {`), "of LSQ, in each class")
	require.Equal(t, 3, strings.Count(b.String(), `"baseline": true`), "of SED")
}
