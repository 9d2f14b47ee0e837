package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTestbedCurve: a server is measured beside the model, and table, CSV and picture tell
// of it.
func TestTestbedCurve(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	if runtime.GOOS != "linux" {
		t.Skip("emulated servers need Linux")
	}
	out := filepath.Join(t.TempDir(), "curve")
	said, _, err := command(t, "testbed", "curve", "--requests", "0.004,0.002+0.002", "--concurrency", "1,3", "--seconds", "0.1", "--out", out)
	require.NoError(t, err)
	require.Contains(t, said, "2 ms CPU, 2 ms IO")
	rows, err := os.ReadFile(out + ".csv")
	require.NoError(t, err)
	require.Equal(t, 5, strings.Count(string(rows), "\n"))
	require.Contains(t, string(rows), "emulated,1,0.5,32,128,0,0.004,0,1,")
	require.NotZero(t, decodePicture(t, out+".png").Bounds().Dx())
}

// TestTestbedCurveRefuses: what cannot be measured is refused before anything is.
func TestTestbedCurveRefuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--servers nginx":                   "--servers",
		"--requests x":                      `--requests "x"`,
		"--requests 0.1+0":                  `--requests "0.1+0"`,
		"--concurrency 0":                   `--concurrency "0"`,
		"--seconds 0":                       "--seconds 0",
		"--cpus 0":                          "CPUs = 0",
		"--servers apache --speed 2":        "a processor is at most a core",
		"--servers apache --period 5s":      "period = 5s",
		"--servers apache --workers 100000": "100000 workers",
		"--out /no/such/folder/x":           "--out",
	} {
		_, _, err := command(t, append([]string{"testbed", "curve"}, strings.Fields(args)...)...)
		require.ErrorContains(t, err, want, args)
		require.Equal(t, exitUsage, exitCode(err), args)
	}
}
