package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/jobqueue"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/results/record"
	"fairlb/train/queue"
)

// freeAddress is where nobody listens for the moment.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// tokenOf is the file of the token of the queue of a folder of results.
func tokenOf(out string) string { return filepath.Join(out, "queue", "token") }

// awaitListener returns when somebody listens there, or ctx is done.
func awaitListener(ctx context.Context, address string) {
	for ctx.Err() == nil {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// BenchmarkWorkers is the time that Table 16 takes in the smoke profile with
// one worker, and with two, each a process that does a job at a time on one
// processor.
func BenchmarkWorkers(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(strconv.Itoa(workers), func(b *testing.B) {
			for b.Loop() {
				address := freeAddress(b)
				out := b.TempDir()
				tables := program(b, "tables", "16", "--profile", "smoke", "--out", out, "--queue", "--listen", address, "--workers", "0")
				require.NoError(b, tables.Start())
				awaitListener(b.Context(), address)
				var helpers []*exec.Cmd
				for range workers {
					helper := program(b, "worker", "--queue", "nats://"+address, "--token-file", tokenOf(out), "--workers", "1")
					helper.Env = append(helper.Env, "GOMAXPROCS=1") // a processor each
					require.NoError(b, helper.Start())
					helpers = append(helpers, helper)
				}
				require.NoError(b, tables.Wait())
				for _, helper := range helpers {
					require.NoError(b, helper.Process.Kill())
					_ = helper.Wait() // killed
				}
			}
		})
	}
}

// TestStudyByQueue: a worker elsewhere comes to the bytes that the pool comes
// to, and what the folder has by then is used again.
func TestStudyByQueue(t *testing.T) {
	path := writeStudy(t, ", train: sim-dynamic", "")
	pooled, queued := t.TempDir(), t.TempDir()
	only := []string{"--only", "scenario=cpu"}
	study := func(out string, more ...string) string {
		_, stderr, err := command(t, append(append([]string{"study", path, "--out", out}, only...), more...)...)
		require.NoError(t, err, stderr)
		return stderr
	}
	study(pooled)

	address := freeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	worked := make(chan error, 1)
	var said bytes.Buffer
	go func() {
		awaitListener(ctx, address)
		worked <- run(ctx, []string{"worker", "--queue", "nats://" + address, "--token-file", tokenOf(queued), "--workers", "2", "--name", "elsewhere"}, &said, &said)
	}()
	stderr := study(queued, "--queue", "--listen", address, "--workers", "0")
	cancel()
	require.Equal(t, exitInterrupted, exitCode(<-worked), said.String())
	require.Contains(t, stderr, "join it with: fairlb worker --queue nats://"+address)
	require.Contains(t, stderr, "worker=elsewhere")
	sameStudy(t, pooled, queued)
	runs, _, err := runfolder.Find(queued)
	require.NoError(t, err)
	require.Len(t, runs, 4, "seeds, methods")
	for _, dir := range runs {
		made := runfolder.Read(dir)
		require.Empty(t, made.Faults)
		require.Equal(t, runfolder.CommandOf(dir), made.Record.Command)
	}

	// The evaluations are gone, the runs were made without this queue: they are
	// given to it.
	require.NoError(t, os.RemoveAll(filepath.Join(queued, "eval")))
	require.NoError(t, os.RemoveAll(filepath.Join(queued, "queue")))
	stderr = study(queued, "--queue")
	require.NotContains(t, stderr, "job=train")
	require.Contains(t, stderr, "job=eval")
	sameStudy(t, pooled, queued)
}

// TestStudyWithDamage: files that a study cannot use, in its folder or in its queue,
// are the fault of the jobs that they are of: those are made anew, or told of, and
// the report of all others is written, every time.
func TestStudyWithDamage(t *testing.T) {
	path := writeStudy(t, ", train: sim-dynamic", "")
	out := t.TempDir()
	args := []string{"study", path, "--out", out, "--only", "scenario=cpu", "--only", "method=es", "--queue"}
	_, stderr, err := command(t, args...)
	require.NoError(t, err, stderr)
	flip := func(pattern string) (file string) {
		list, err := filepath.Glob(filepath.Join(out, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, list, pattern)
		data, err := os.ReadFile(list[0])
		require.NoError(t, err)
		data[len(data)/2] ^= 0x80
		require.NoError(t, os.WriteFile(list[0], data, 0o666))
		return list[0]
	}
	damaged := []string{flip("train/*seed1*/policy.safetensors"), flip("eval/sed*.json"), flip("train/*seed2*/record.jsonl")}
	for round := range 2 {
		require.NoError(t, os.RemoveAll(filepath.Join(out, "study.md")))
		_, stderr, err = command(t, args...)
		require.Equal(t, exitUsage, exitCode(err))
		require.ErrorContains(t, err, damaged[0])
		require.Equal(t, round == 0, strings.Contains(stderr, damaged[1]), "%s", stderr)
		require.FileExists(t, damaged[1]+".damaged-1")
		report, err := os.ReadFile(filepath.Join(out, "study.md"))
		require.NoError(t, err, "the report is written")
		require.NotContains(t, string(report), "sed in cpu", "its evaluation is made again")
		require.Contains(t, string(report), "es, seed 1, in cpu")
		require.Contains(t, string(report), damaged[2])
	}
	for _, file := range damaged {
		if strings.Contains(file, "train") {
			file = filepath.Dir(file)
		}
		require.NoError(t, os.RemoveAll(file))
	}
	_, stderr, err = command(t, args...)
	require.NoError(t, err, stderr)
	report, err := os.ReadFile(filepath.Join(out, "study.md"))
	require.NoError(t, err)
	require.NotContains(t, string(report), "es, seed 1, in cpu")
}

// TestWorkerOfAnotherBuild: an executable that differs in one byte, though not
// in its version, leaves the jobs alone and says why; the job waits for one that
// does not.
func TestWorkerOfAnotherBuild(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	data, err := os.ReadFile(self)
	require.NoError(t, err)
	other := filepath.Join(t.TempDir(), "fairlb")
	require.NoError(t, os.WriteFile(other, append(data, 0), 0o777))
	otherBuild := fmt.Sprintf("%x", sha256.Sum256(append(data, 0)))[:12]
	require.Contains(t, jobqueue.Version(), record.Version()+", build "+record.Build()+", ")
	require.NotEqual(t, otherBuild, record.Build())

	address := freeAddress(t)
	path := writeStudy(t, ", train: sim-dynamic", "")
	ctx, cancel := context.WithCancel(t.Context())
	studied := make(chan error, 1)
	var said syncBuffer
	out := t.TempDir()
	go func() {
		studied <- run(ctx, []string{"study", path, "--out", out, "--only", "method=es", "--queue", "--listen", address, "--workers", "0"}, io.Discard, &said)
	}()
	awaitListener(t.Context(), address)
	worker := exec.Command(other, "worker", "--queue", "nats://"+address, "--token-file", tokenOf(out), "--workers", "1", "--name", "other")
	worker.Env = append(os.Environ(), asProgram+"=1")
	var errs syncBuffer
	worker.Stderr = &errs
	require.NoError(t, worker.Start())
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "left to other workers") }, time.Minute, 10*time.Millisecond)
	require.Contains(t, errs.String(), "build "+record.Build())
	require.Contains(t, errs.String(), "build "+otherBuild)
	require.Eventually(t, func() bool { return strings.Contains(said.String(), "refuses it") }, time.Minute, 10*time.Millisecond)
	require.NotContains(t, said.String(), "running")
	require.NoError(t, worker.Process.Kill())
	_ = worker.Wait() // killed
	cancel()
	require.Equal(t, exitInterrupted, exitCode(<-studied))
}

// syncBuffer is a buffer that may be read while it is written to.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestQueueFlags(t *testing.T) {
	parse := func(args ...string) (f queueFlags, rest []string, workers int, err error) {
		c := &cobra.Command{Use: "x", Args: f.checked(cobra.ExactArgs(1)), RunE: func(c *cobra.Command, args []string) error {
			rest = f.take(args)
			return f.validate(c, &workers)
		}}
		c.Flags().IntVar(&workers, "workers", 7, "")
		f.add(c)
		c.SetArgs(args)
		c.SilenceErrors, c.SilenceUsage = true, true
		err = c.Execute()
		return f, rest, workers, err
	}
	for _, test := range []struct {
		args    string
		url     string
		workers int
		fault   string
	}{
		{"a", "", 7, ""},
		{"a --queue", ownQueue, 7, ""},
		{"--queue a --workers 0", ownQueue, 0, ""},
		{"a --queue nats://h:1", "nats://h:1", 0, ""},
		{"--queue nats://h:1 a --replicas 3", "nats://h:1", 0, ""},
		{"a --queue=nats://h:1 --workers 2", "nats://h:1", 2, ""},
		{"a --workers 0", "", 0, "--workers 0: must be at least 1"},
		{"a --workers -1 --queue", "", 0, "--workers -1: must be at least 1"},
		{"a --queue=h:1", "", 0, `"h:1": must be a URL`},
		{"a --queue --listen h", "", 0, `--listen "h": must be HOST:PORT`},
		{"a --listen h:1", "", 0, "--listen: goes with"},
		{"a --queue --replicas 3", "", 0, "--replicas: goes with"},
		{"a --queue --token-file f", "", 0, "--token-file: goes with"},
		{"a --queue nats://h:1 --token-file f", "nats://h:1", 0, ""},
		{"a --queue nats://secret@h:1", "", 0, "must be a URL without a token"},
		{"a b --queue nats://h:1", "", 0, "accepts 1 arg(s), received 2"},
	} {
		f, rest, workers, err := parse(strings.Fields(test.args)...)
		if test.fault != "" {
			require.ErrorContains(t, err, test.fault)
			require.Equal(t, exitUsage, exitCode(err))
			continue
		}
		require.NoError(t, err, test.args)
		require.Equal(t, []string{"a"}, rest)
		require.Equal(t, test.url, f.url, test.args)
		require.Equal(t, test.workers, workers, test.args)
	}
}

func TestWorkerRefuses(t *testing.T) {
	for _, test := range []struct {
		args string
		want string
		code int
	}{
		{"worker", "--queue: must be the URL of a queue", exitUsage},
		{"worker --queue nats://127.0.0.1:1 --workers 0", "--workers 0: must be at least 1", exitUsage},
		{"worker --queue foo://bar", `"foo://bar": must be a URL such as nats://127.0.0.1:4222`, exitUsage},
		{"worker --queue 127.0.0.1:1", `"127.0.0.1:1": must be a URL`, exitUsage},
		{"worker --queue nats://secret@127.0.0.1:1", `"127.0.0.1:1": must be a URL without a token`, exitUsage},
		{"worker --queue nats://127.0.0.1:1 --token-file /dev/null", "--token-file: the token: open /dev/null: not a regular file", exitUsage},
		{"worker --queue nats://127.0.0.1:1 --until-idle 0s", "--until-idle 0s: must be a time", exitUsage},
		{"worker --queue nats://127.0.0.1:1 --until-idle=-1s", "--until-idle -1s: must be a time", exitUsage},
		{"worker --queue nats://127.0.0.1:1 --until-idle soon", "unknown command", exitUsage},
		{"worker --queue nats://127.0.0.1:1 10s", "unknown command", exitUsage},
		{"worker --queue nats://127.0.0.1:1 --until-idle 100ms", "no queue at nats://127.0.0.1:1 for 100ms: nats: no servers available", exitFailed},
		{"tables 16 --queue foo://bar", `"foo://bar": must be a URL`, exitUsage},
		{"tables 16 --queue nats://h:99999", `"nats://h:99999": must be a URL`, exitUsage},
		{"study none.yaml --queue foo://bar", `"foo://bar": must be a URL`, exitUsage},
	} {
		_, _, err := command(t, strings.Fields(test.args)...)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, test.code, exitCode(err))
	}
}

// TestWorkerWaits: a worker that is started before the queue is there waits, until
// it is, or is interrupted.
func TestWorkerWaits(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	out := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Dir(tokenOf(out)), 0o777))
	require.NoError(t, os.WriteFile(tokenOf(out), []byte("a-token-for-tests\n"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	var said syncBuffer
	worked := make(chan error, 1)
	work := func() {
		worked <- run(ctx, []string{"worker", "--queue", "nats://" + address, "--token-file", tokenOf(out), "--workers", "1"}, io.Discard, &said)
	}
	waits := func() {
		require.Eventually(t, func() bool { return strings.Contains(said.String(), "no queue there yet; waiting") }, time.Minute, 10*time.Millisecond)
	}
	go work()
	waits()
	cancel()
	require.Equal(t, exitInterrupted, exitCode(<-worked))
	require.Equal(t, 1, strings.Count(said.String(), "no queue there yet"))

	ctx, cancel = context.WithCancel(t.Context())
	said = syncBuffer{}
	go work()
	waits()
	path := writeStudy(t, ", train: sim-dynamic", "")
	_, stderr, err := command(t, "study", path, "--out", out, "--only", "method=es", "--only", "scenario=cpu", "--queue", "--listen", address, "--workers", "0")
	require.NoError(t, err, stderr)
	cancel()
	require.Equal(t, exitInterrupted, exitCode(<-worked))
	require.Contains(t, said.String(), "joined the queue")
}

// TestWorkerUntilIdle: a worker ends by itself, with exit code 0, when the queue
// has had nothing to do for so long, and says so if there is no queue.
func TestWorkerUntilIdle(t *testing.T) {
	t.Setenv(jobqueue.TokenVariable, "a-token-for-tests")
	server, err := queue.Serve(queue.ServerConfig{Dir: t.TempDir(), Token: "a-token-for-tests"})
	require.NoError(t, err)
	defer server.Close()
	q, err := queue.Open(t.Context(), queue.Config{URL: server.URL(), Token: "a-token-for-tests", Create: true})
	require.NoError(t, err)
	defer q.Close()
	for _, idle := range [][]string{{"--until-idle", "2s"}, {"--until-idle=2s"}} {
		_, stderr, err := command(t, append([]string{"worker", "--queue", server.URL(), "--workers", "1"}, idle...)...)
		require.NoError(t, err)
		require.Contains(t, stderr, "joined the queue")
		require.Contains(t, stderr, "nothing to do for 2s: the worker ends")
	}
}

// TestTraceByQueue: no job carries a trace file.
func TestTraceByQueue(t *testing.T) {
	trace := fileOf(t, "t.tsv", "time\tquery\n0.1\t/?n=1000\n0.2\t/?n=2000\n")
	path := writeStudy(t, "set: [lbs=3]", "set: ['workload.trace="+trace+"', workload.seconds_per_n=1e-4]")
	_, _, err := command(t, "study", path, "--out", t.TempDir(), "--queue", "--only", "scenario=cpu")
	require.ErrorContains(t, err, "reads a trace file, which the jobs of a queue do not carry")
	require.Equal(t, exitUsage, exitCode(err))
}
