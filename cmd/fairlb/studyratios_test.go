package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStudyRatiosFaults: what cannot be drawn is refused as invalid input.
func TestStudyRatiosFaults(t *testing.T) {
	csv := filepath.Join("..", "..", "results", "studies", "moderate.csv")
	out := filepath.Join(t.TempDir(), "x.svg")
	bad := filepath.Join(t.TempDir(), "bad.csv")
	require.NoError(t, os.WriteFile(bad, []byte("scenario,target,family,mean_s\npure-cpu,sed,,1\n"), 0o666))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{csv, "--out", "x.txt"}, "must end in .svg, .png or .pdf, or .md for a table"},
		{[]string{csv, "--out", out, "--targets", "lsq,esx"}, `--targets: "esx": must be one of wcmp, lsq`},
		{[]string{csv, bad, "--out", out}, "did not meet the same arrivals"},
		{[]string{filepath.Join(t.TempDir(), "none.csv"), "--out", out}, "no such file"},
		{[]string{"../../README.md", "--out", out}, "README.md"},
	} {
		_, _, err := command(t, append([]string{"study", "ratios"}, test.args...)...)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, exitUsage, exitCode(err), "%v", err)
	}
	require.NoFileExists(t, out)
}

// TestStudyRatiosTable: the command makes the overview of a committed report again, byte
// for byte.
func TestStudyRatiosTable(t *testing.T) {
	studies, out := filepath.Join("..", "..", "results", "studies"), filepath.Join(t.TempDir(), "x.md")
	_, _, err := command(t, "study", "ratios", filepath.Join(studies, "sharing.csv"), "--out", out)
	require.NoError(t, err)
	table, err := os.ReadFile(out)
	require.NoError(t, err)
	document, err := os.ReadFile(filepath.Join(studies, "sharing.md"))
	require.NoError(t, err)
	require.Greater(t, len(table), 500)
	require.Contains(t, string(document), string(table))
}
