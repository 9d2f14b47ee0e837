package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTraceImport: a log becomes a trace that is looked at and replayed.
func TestTraceImport(t *testing.T) {
	dir := t.TempDir()
	log := fileOf(t, "access.log", accessLog)
	trace := filepath.Join(dir, "t.tsv")
	_, _, err := command(t, "trace", "import", log, "--out", trace)
	require.ErrorContains(t, err, "access.log:2: ")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "nothing is left of an import that failed")

	for _, name := range []string{trace, filepath.Join(dir, "t.tsv.gz")} {
		out, stderr, err := command(t, "trace", "import", log, "--out", name, "--skip-bad")
		require.NoError(t, err)
		require.Contains(t, out, "access.log: 2 requests, 1 bad lines; request times in seconds (100 % of the requests)\n"+name+": 2 requests in ")
		require.Contains(t, stderr, "1 bad lines were skipped, the first: ")
		require.Contains(t, stderr, `access.log:2: value`)
		out, _, err = command(t, "trace", "info", name)
		require.NoError(t, err)
		require.Contains(t, out, "requests    2\n")
	}
	text, err := os.ReadFile(trace)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "time\tquery\n0.000000\t/wiki/A?user=&n=30000\n"), "%s", text)

	scenario := fileOf(t, "web.yaml", `
servers: [{count: 2, cpus: 2, speed: 1}]
duration: 5
workload:
  trace: `+trace+`
  seconds_per_n: 1e-6
  classes:
    - {name: wiki, share: 0.5, paths: [/wiki/*], stages: [{resource: cpu, law: exponential, mean: 0.03}]}
    - {name: static, share: 0.5, stages: [{resource: cpu, law: exponential, mean: 0.001}]}
`)
	out, _, err := command(t, "eval", "sed", "--scenario", scenario, "--seeds", "1", "--duration", "5", "--format", "csv")
	require.NoError(t, err)
	require.Contains(t, out, ",sed,all,1,5,2,0,")
	require.Contains(t, out, ",sed,wiki,1,5,1,0,")
	require.Contains(t, out, ",sed,static,1,5,1,0,")
}
