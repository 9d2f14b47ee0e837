package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/train"
)

// TestExport: of a run's folder or its checkpoint, all load balancers or one.
// (That models act as the policies do is package onnx's to say.)
func TestExport(t *testing.T) {
	dir := trainSmall(t)
	t.Chdir(t.TempDir())
	path := filepath.Join(dir, train.CheckpointName)
	meta, parameters, err := checkpoint.Load(path)
	require.NoError(t, err)
	hyper, err := train.LoadHyperparameters("settings", []byte(meta.Settings), nil)
	require.NoError(t, err)
	for _, test := range []struct {
		args, file string
		lbs        []int
	}{
		{dir, "policy.onnx", []int{0, 1}},
		{path + " --out all.onnx", "all.onnx", []int{0, 1}},
		{dir + " --format onnx --out one.onnx --lb 1", "one.onnx", []int{1}},
	} {
		stdout, stderr, err := command(t, append([]string{"export"}, strings.Fields(test.args)...)...)
		require.NoError(t, err)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "exported")
		want, err := methods.Export(meta, hyper.Methods, parameters, test.lbs...)
		require.NoError(t, err)
		got, err := os.ReadFile(test.file)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for args, want := range map[string]string{
		"":                         "accepts 1 arg(s), received 0 (see fairlb export --help)",
		"none":                     "none: there is no such checkpoint: file does not exist",
		dir + " --out x.bin":       `--out "x.bin": must end in .onnx`,
		dir + " --lb 2":            "--lb 2: must be in [-1, 1]",
		dir + " --lb x":            `invalid argument "x" for "--lb" flag: must be a whole number (see fairlb export --help)`,
		dir + " --out none/x.onnx": "--out none/x.onnx: there is no folder none",
	} {
		_, _, err := command(t, append([]string{"export"}, strings.Fields(args)...)...)
		require.ErrorContains(t, err, want)
		require.Equal(t, exitUsage, exitCode(err))
	}
}
