package main

import (
	"encoding/json"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

// TestTuned: the best fixed weights are a target beside others; the report and
// the log say what they are, in any format, and no number of cores changes it.
func TestTuned(t *testing.T) {
	short, _, err := command(t, "scenarios", "show", "sim-moderate/50-50", "--set", "duration=10")
	require.NoError(t, err)
	args := []string{"eval", "tuned", "sed", "--scenario", fileOf(t, "short.yaml", short), "--seeds", "1-8", "--duration", "100"}
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
