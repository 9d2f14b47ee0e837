package main

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"fairlb/train"
)

// TestRuns: list, show and verify tell of a whole run what is in it.
func TestRuns(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	require.NoError(t, os.WriteFile("small.yaml", []byte("method: distr-lb\nreward: ms\n"), 0o666))
	for _, out := range []string{"runs/a", "runs/deep/b"} {
		_, _, err := command(t, append([]string{"train", "small.yaml", "--seed", "3", "--out", out}, small...)...)
		require.NoError(t, err)
	}
	require.NoError(t, os.Remove("runs/deep/b/"+train.CheckpointName))

	out, stderr, err := command(t, "runs", "list")
	require.NoError(t, err)
	require.Empty(t, stderr)
	lines := strings.Split(out, "\n")
	require.Len(t, lines, 4, out)
	require.Regexp(t, `^runs/a +distr-lb  ms +sim-moderate/pure-cpu  3 +4 of 4 +\d+\.\d{3} s +\d{4}-\d\d-\d\d \d\d:\d\d  ok$`, lines[1])
	require.Regexp(t, `^runs/deep/b .*  1 fault$`, lines[2])

	out, _, err = command(t, "runs", "show", "runs/a")
	require.NoError(t, err)
	for _, want := range []string{
		`method +distr-lb`, `episodes +4 of 4`, `checkpoint +format 1, of 4 episodes, SHA-256 [0-9a-f]{64}`,
		`fingerprint +2 LBs, 8 servers, steps of 0.5 s`, `features +ongoing \[requests\], `,
		`  reward +"ms" +\(default "vbf"\)`, `  sac.batch +8 +\(default 128\)`,
		`  lb1.actor.out.weights +\[16 2\] +\d`, `round 1, the last:`, `  completion +\d`, `  critic_loss/1 +\d`,
	} {
		require.Regexp(t, "(?m)^"+want, out)
	}
	require.NotContains(t, out, "sac.tau", "it is the default")
	require.NotContains(t, out, "\nfaults:")
	out, _, err = command(t, "runs", "show", "runs/deep/b")
	require.NoError(t, err)
	require.Contains(t, out, "faults:\n  runs/deep/b/policy.safetensors: there is no such checkpoint")

	out, _, err = command(t, "runs", "verify", "runs/a")
	require.NoError(t, err)
	require.Equal(t, "runs/a: ok\n", out)
	out, _, err = command(t, "runs", "verify", "runs")
	require.EqualError(t, err, "1 fault in 2 runs")
	require.Equal(t, exitFailed, exitCode(err))
	require.Equal(t, "runs/a: ok\nruns/deep/b: fault: runs/deep/b/policy.safetensors: there is no such checkpoint: file does not exist\n", out)

	for args, want := range map[string]string{
		"runs verify":            "requires at least 1 arg(s), only received 0 (see fairlb runs verify --help)",
		"runs verify small.yaml": "small.yaml: holds no run: neither record.jsonl nor policy.safetensors is in it or below it",
		"runs show runs":         "runs: holds no run: neither record.jsonl nor policy.safetensors is in it",
		"runs list none":         "none: there is no such folder",
		"runs show none":         "none: there is no such folder",
		"runs verify none":       "none: there is no such folder",
		"runs lost":              `unknown command "lost" for "fairlb runs" (did you mean "list"? see fairlb runs --help)`,
	} {
		out, _, err := command(t, strings.Fields(args)...)
		require.EqualError(t, err, want)
		require.Equal(t, exitUsage, exitCode(err))
		require.Empty(t, out)
	}
}

// TestListFits: the list keeps within its width, and long names keep both ends.
func TestListFits(t *testing.T) {
	whole := trainSmall(t)
	t.Chdir(t.TempDir())
	name := "distr-lb-vbf+logvbf-web-moderate-train-seed1-"
	for _, dir := range []string{"runs/a", "runs/tables-smoke-of-a-long-name-of-its-own/train/" + name + "0123456789ab", "runs/tables-smoke-of-a-long-name-of-its-own/train/" + name + "cdef01234567"} {
		require.NoError(t, os.MkdirAll(dir, 0o777))
		require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
	}
	out, _, err := command(t, "runs", "list")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	require.Len(t, lines, 4)
	widest := 0
	for _, line := range lines {
		widest = max(widest, utf8.RuneCountInString(line))
	}
	require.Equal(t, listWidth, widest)
	require.Regexp(t, `^runs/a  `, lines[1])
	require.Regexp(t, `^runs/tables-smoke-.+….+-0123456789ab  distr-lb  `, lines[2])
	require.Regexp(t, `^runs/tables-smoke-.+….+-cdef01234567  distr-lb  `, lines[3])
}

// TestUnfinishedFolders: what tables, studies and queues are making is no run
// of the list, and not ok.
func TestUnfinishedFolders(t *testing.T) {
	whole := trainSmall(t)
	t.Chdir(t.TempDir())
	for _, dir := range []string{"runs/a", "runs/b.partial", "runs/.partial-1"} {
		require.NoError(t, os.MkdirAll(dir, 0o777))
		require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
	}
	flip(t, "runs/b.partial/"+train.CheckpointName)
	out, _, err := command(t, "runs", "list")
	require.NoError(t, err)
	require.NotContains(t, out, "partial")
	require.Contains(t, out, "runs/a")
	const doing = ": unfinished: in progress, or stopped; the command that made it goes on with it\n"
	out, _, err = command(t, "runs", "verify", "runs")
	require.NoError(t, err)
	require.Equal(t, "runs/a: ok\nruns/.partial-1"+doing+"runs/b.partial"+doing, out)
	out, _, err = command(t, "runs", "verify", "runs/b.partial")
	require.NoError(t, err)
	require.Equal(t, "runs/b.partial"+doing, out)
	out, _, err = command(t, "runs", "show", "runs/b.partial")
	require.NoError(t, err)
	require.Contains(t, out, "faults:\n")
}

// TestRunStandsAlone: a run verifies, is drawn, and goes on with the scenario
// that it stored, when the file that it was trained from is gone. A trace is looked for
// where it was and in the run's folder, and must be what it was.
func TestRunStandsAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	trace := "time\tquery\n"
	for k := range 400 {
		trace += formatTime(k) + "\t/?n=1000\n"
	}
	require.NoError(t, os.Mkdir("first", 0o777))
	require.NoError(t, os.WriteFile("first/t.tsv", []byte(trace), 0o666))
	scenarioText, _, err := command(t, "scenarios", "show", "for-loop", "--set", "workload.trace=first/t.tsv", "--set", "duration=2", "--set", "workload.seconds_per_n=1e-5")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("first/s.yaml", []byte(scenarioText), 0o666))
	require.NoError(t, os.WriteFile("first/r.yaml", []byte("scenario: first/s.yaml\n"), 0o666))
	args := append([]string{"train", "first/r.yaml", "--out", "run"}, small...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, exitInterrupted, exitCode(run(ctx, args, io.Discard, io.Discard)))

	require.NoError(t, os.Rename("first", "second"))
	_, _, err = command(t, "train", "--resume", "--out", "run")
	require.ErrorContains(t, err, "first/t.tsv: the trace that run was trained on (SHA-256 ")
	require.ErrorContains(t, err, "is not there: looked for first/t.tsv and run/t.tsv")
	require.Equal(t, exitUsage, exitCode(err))
	require.NoError(t, os.WriteFile("run/t.tsv", []byte(strings.Replace(trace, "n=1000", "n=1001", 1)), 0o666))
	_, _, err = command(t, "train", "--resume", "--out", "run")
	require.ErrorContains(t, err, "run/t.tsv: is not the trace that run was trained on: its SHA-256 begins with ")
	out, _, err := command(t, "runs", "verify", "run")
	require.Error(t, err)
	require.Contains(t, out, "is not the trace that run was trained on")

	require.NoError(t, os.WriteFile("run/t.tsv", []byte(trace), 0o666))
	_, _, err = command(t, "train", "--resume", "--out", "run")
	require.NoError(t, err)
	out, _, err = command(t, "runs", "verify", "run")
	require.NoError(t, err, out)
	_, _, err = command(t, "plot", "run", "--out", "curve.svg", "--compare", "")
	require.NoError(t, err)
}

// TestRunsByLinks: a link is followed, as the runs' folder and below it; none for
// ever, and none twice.
func TestRunsByLinks(t *testing.T) {
	whole := trainSmall(t)
	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll("disk/deep", 0o777))
	require.NoError(t, os.CopyFS("disk/deep/run", os.DirFS(whole)))
	require.NoError(t, os.Symlink("disk", "runs"))
	require.NoError(t, os.Symlink("..", "disk/deep/up"))
	require.NoError(t, os.Symlink("nowhere", "disk/broken"))
	require.NoError(t, os.Symlink("deep/run", "disk/same"))
	for _, args := range [][]string{{"runs", "verify", "runs"}, {"runs", "verify", "runs/deep"}} {
		out, _, err := command(t, args...)
		require.NoError(t, err)
		require.Equal(t, "runs/deep/run: ok\n", out)
	}
	out, _, err := command(t, "runs", "list")
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(out, "\n"), out)
}
