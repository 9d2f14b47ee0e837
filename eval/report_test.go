package eval_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/eval"
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

func report(t *testing.T, cfg eval.Config, targets ...eval.Target) *eval.Report {
	t.Helper()
	cfg.Workers = 1
	results, err := eval.Run(t.Context(), cfg, targets)
	require.NoError(t, err)
	return &eval.Report{
		Scenario:  "web-moderate/period-1",
		Settings:  map[string]any{"servers": 7, "rate": 796.315},
		Seeds:     cfg.Seeds,
		DurationS: 60,
		Results:   results,
	}
}

// full is a report with classes, failures, a baseline and warnings.
func full(t *testing.T) *eval.Report {
	r := report(t, config(func(c *eval.Config) { c.Seeds = []uint64{1000, 1001, 1002, 1003, 7} }),
		target("wcmp", 1.4, static(97)), target("lsq", 1.004, noisy), target("sed", 1, static(0)),
		target("distr-lb-vbf+logvbf", 0.93, static(0)))
	r.Warnings = []string{"the traffic is a first calibration, see DESIGN.md section 4"}
	return r
}

func TestTextGolden(t *testing.T) {
	t.Parallel()
	one := func(c *eval.Config) { c.Seeds, c.Classes = []uint64{7}, nil }
	long := "runs/2025-03-01/distr-lb/vbf+logvbf/web-moderate/period-1/seed-1/checkpoints/best"
	runs := report(t, config(one), target("sed", 1, static(0)), target("a", 0.9, noisy), target("b", 0.8, noisy))
	group, err := eval.Combine("distr-lb vbf", runs.Results[1:], &runs.Results[0])
	require.NoError(t, err)
	runs.Groups = []eval.Group{group}
	for name, r := range map[string]*eval.Report{
		"groups.txt":   runs,
		"classes.txt":  full(t),
		"one-seed.txt": report(t, config(one), target("sed", 1, static(0)), target("lsq", 1.1, static(0))),
		"alone.txt":    report(t, config(), target("oracle", 1, static(0))),
		"long.txt":     report(t, config(), target("sed", 1, static(0)), target(long, 0.9, noisy), target("wcmp", 30, static(9))),
	} {
		var b bytes.Buffer
		require.NoError(t, r.WriteText(&b))
		golden(t, name, b.Bytes())
		for line := range strings.Lines(b.String()) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), 120, name)
		}
	}
}

func TestJSONGolden(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	r := full(t)
	require.NoError(t, r.WriteJSON(&b))
	golden(t, "classes.json", b.Bytes())

	var back eval.Report
	require.NoError(t, json.Unmarshal(b.Bytes(), &back))
	require.Equal(t, r.Results, back.Results, "it reads back whole")

	var raw map[string]any
	require.NoError(t, json.Unmarshal(b.Bytes(), &raw))
	results := raw["results"].([]any)
	versus := func(i int) (any, bool) {
		all := results[i].(map[string]any)["classes"].(map[string]any)["all"].(map[string]any)
		v, ok := all["vs_sed"]
		return v, ok
	}
	_, onSED := versus(2)
	require.False(t, onSED, "vs_sed is left out on SED itself")
	onLSQ, _ := versus(1)
	require.Contains(t, onLSQ, "significant")
}

// Where there is nothing to compare with, JSON has no difference, nor has text.
func TestWithoutBaseline(t *testing.T) {
	t.Parallel()
	for _, r := range []*eval.Report{
		report(t, config(), target("lsq", 1)),
		report(t, config(func(c *eval.Config) { c.Seeds = []uint64{1} }), target("lsq", 1), target("sed", 1)),
	} {
		var b bytes.Buffer
		require.NoError(t, r.WriteJSON(&b))
		require.NotContains(t, b.String(), "vs_sed")
		b.Reset()
		require.NoError(t, r.WriteText(&b))
		require.NotContains(t, b.String(), "vs sed")
	}
	whole := report(t, config(), target("lsq", 1), target("sed", 1))
	var b bytes.Buffer
	require.NoError(t, whole.WriteJSON(&b))
	require.Equal(t, 3, strings.Count(b.String(), `"vs_sed": {`), "of LSQ, in each class")
	require.Equal(t, 3, strings.Count(b.String(), `"baseline": true`), "of SED")
	b.Reset()
	require.NoError(t, whole.WriteText(&b))
	require.Contains(t, b.String(), "vs sed")
}

func TestCSVGolden(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, full(t).WriteCSV(&b))
	golden(t, "classes.csv", b.Bytes())
}
