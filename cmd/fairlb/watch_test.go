package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEpisodesLeaveTraces: an evaluation comes to the same with traces, which watch shows and draws.
func TestEpisodesLeaveTraces(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "traces")
	args := []string{"eval", "lsq", "sed", "--scenario", "sim-moderate/pure-cpu", "--seeds", "5,6", "--duration", "10", "--format", "json"}
	want, _, err := command(t, args...)
	require.NoError(t, err)
	got, _, err := command(t, append(args, "--trace", dir)...)
	require.NoError(t, err)
	require.Equal(t, want, got)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"lsq-seed5.jsonl", "lsq-seed6.jsonl", "sed-seed5.jsonl", "sed-seed6.jsonl"}, names)

	file := filepath.Join(dir, "sed-seed6.jsonl")
	last, _, err := command(t, "watch", file)
	require.NoError(t, err)
	require.Contains(t, last, "sim-moderate/pure-cpu, sed, seed 6, simulated")
	require.Contains(t, last, "10.00 of 10 s, ended\n")
	require.Contains(t, last, "\nserver7     2 ")
	early, _, err := command(t, "watch", file, "--at", "2.5")
	require.NoError(t, err)
	require.Contains(t, early, " 2.50 of 10 s\n")
	picture := filepath.Join(t.TempDir(), "run.png")
	_, _, err = command(t, "watch", file, "--chart", picture)
	require.NoError(t, err)
	require.FileExists(t, picture)
}

// TestLiveEpisodesLeaveTraces: live episodes and the simulations beside them leave traces.
func TestLiveEpisodesLeaveTraces(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	if runtime.GOOS != "linux" {
		t.Skip("emulated servers and load balancers need Linux")
	}
	dir := t.TempDir()
	_, _, err := command(t, "testbed", "run", "--scenario", "web-moderate/period-1", "--set", "workload.arrivals.rate=100",
		"--targets", "sed", "--seeds", "3", "--duration", "0.5", "--compare", "--trace", dir)
	require.NoError(t, err)
	for name, where := range map[string]string{"sed-seed3.jsonl": "web-moderate/period-1, sed, seed 3, live", "sed-sim-seed3.jsonl": "web-moderate/period-1, sed sim, seed 3, simulated"} {
		out, _, err := command(t, "watch", filepath.Join(dir, name))
		require.NoError(t, err)
		require.Contains(t, out, where)
		require.Contains(t, out, "ended")
	}
}

// TestWatchRefuses: what is wrong is said, of a file by its line.
func TestWatchRefuses(t *testing.T) {
	t.Parallel()
	bad := fileOf(t, "bad.jsonl", `{"kind":"run-trace","format":1,"lbs":1}`+"\n")
	for args, want := range map[string]string{
		"":                                 "accepts 1 arg",
		"nowhere.jsonl":                    "nowhere.jsonl",
		bad:                                bad + ":1: malformed trace of a run: interval_s = 0: must be positive",
		bad + " --at -1":                   "--at -1: must be finite and not negative",
		bad + " --speed 0":                 "--speed 0: must be positive and finite",
		bad + " --chart x.gif":             `--chart "x.gif": must end in`,
		bad + " --chart " + bad + "/x.png": "there is no folder",
	} {
		_, _, err := command(t, append([]string{"watch"}, strings.Fields(args)...)...)
		require.ErrorContains(t, err, want, args)
		require.Equal(t, exitUsage, exitCode(err), args)
	}
}
