package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/train"
)

// TestRunsOfThePast: a run that was trained as qmix-lb when 99 % of that was each LB's
// own reward is shown, verified, exported and evaluated, under a name that says so.
// Nothing is trained by its settings any more, whichever way they come.
func TestRunsOfThePast(t *testing.T) {
	dir := trainSmall(t, "--set", "method=qmix-lb")
	const utility = "  utility: quadratic\n"
	edit(t, filepath.Join(dir, runfolder.HyperparametersName), utility, utility+"  streams: 0.99\n")
	edit(t, filepath.Join(dir, runfolder.RecordName), `"utility":"quadratic",`, `"utility":"quadratic","streams":0.99,`)
	path := filepath.Join(dir, train.CheckpointName)
	meta, parameters, err := checkpoint.Load(path)
	require.NoError(t, err)
	meta.Settings = strings.Replace(meta.Settings, utility, utility+"  streams: 0.99\n", 1)
	require.NoError(t, checkpoint.Save(path, meta, parameters))
	require.NoError(t, os.Remove(filepath.Join(dir, train.StateName))) // runs had none at their end

	for _, test := range []struct{ line, want string }{
		{"runs verify RUN", "ok"},
		{"runs show RUN", "qmix-lb (99 % own rewards)"},
		{"runs list RUN", "qmix-lb (99 % own rewards)"},
		{"eval sed RUN --scenario sim-moderate/pure-cpu --seeds 1 --duration 5", "is qmix-lb (99 % own rewards): qmix-lb of today is another method"},
		{"export RUN --out " + filepath.Join(t.TempDir(), "policy.onnx"), ""},
	} {
		out, messages, err := command(t, strings.Fields(strings.ReplaceAll(test.line, "RUN", dir))...)
		require.NoError(t, err, test.line)
		require.Contains(t, out+messages, test.want, test.line)
	}
	const refusal = "qmix.streams = 0.99: is of runs made before iql-lb had a name, and must be left out: " +
		"qmix-lb learns from the team's reward alone, iql-lb from each LB's own"
	out := filepath.Join(t.TempDir(), "again")
	_, _, err = command(t, "train", filepath.Join(dir, runfolder.HyperparametersName), "--out", out)
	require.ErrorContains(t, err, refusal)
	require.NoDirExists(t, out)

	h, err := runfolder.Hyperparameters(dir)
	require.NoError(t, err)
	require.ErrorContains(t, train.Run(t.Context(), train.Config{Hyperparameters: h}), refusal)
	h.Method = "distr-lb" // which does not read that section
	require.Equal(t, "distr-lb", h.MethodName())
}
