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
		{[]string{csv, "--out", "x.txt"}, "must end in .svg, .png or .pdf"},
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
