package jobqueue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/cmd/fairlb/internal/tables"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval/paper"
	"fairlb/train/queue"
)

// connected gives an executor whose jobs a queue of this process's own has done
// by two workers of its own.
func connected(t *testing.T) *Executor {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	c, err := Connect(t.Context(), Config{Host: "127.0.0.1", Replicas: 1, Workers: 2, Dir: t.TempDir()}, Terminal{Out: io.Discard, Log: log})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c.Executor
}

// TestTablesByQueue: tables filled through a queue hold what those do that are
// filled in this process.
func TestTablesByQueue(t *testing.T) {
	profile := paper.Profile{
		Name: "tiny", TrainingSeeds: []uint64{1}, Episodes: 2, LargeEpisodes: 2, EpisodeDuration: 1,
		EvalSeeds: []uint64{1000, 1001}, EvalDuration: 1,
	}
	jobs, err := paper.Jobs([]int{16}, profile)
	require.NoError(t, err)
	jobs = []paper.Job{jobs[0], jobs[len(jobs)-1]}
	require.True(t, jobs[1].Learned())
	fill := func(x store.Executor) map[string]string {
		dir := t.TempDir()
		require.NoError(t, tables.NewResults(store.New(dir, x), profile, progress.Silent()).Fill(t.Context(), jobs))
		reports := map[string]string{}
		for _, pattern := range []string{"eval/*.json", "train/*/policy.safetensors"} {
			list, err := filepath.Glob(filepath.Join(dir, pattern))
			require.NoError(t, err)
			require.NotEmpty(t, list)
			for _, path := range list {
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				name, err := filepath.Rel(dir, path)
				require.NoError(t, err)
				reports[name] = string(data)
			}
		}
		return reports
	}
	require.Equal(t, fill(executor.Local{Log: progress.Silent(), Progress: progress.None{}}), fill(connected(t)))
}

// TestImpossibleJobs: what no worker can do is set aside with its error; the
// others go on.
func TestImpossibleJobs(t *testing.T) {
	x := connected(t)
	s, err := scenario.Load("sim-moderate/pure-cpu", nil)
	require.NoError(t, err)
	small, err := settings.Marshal(s)
	require.NoError(t, err)
	payload := func(v any) []byte {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return text
	}
	for _, test := range []struct {
		job  queue.Job
		want string
	}{
		{queue.Job{Key: "x", Kind: "dance", Title: "X", Payload: []byte("{}")}, `X: set aside after 1 attempt: a job of kind "dance": must be train, eval or search`},
		{queue.Job{Key: "y", Kind: job.TrainKind, Title: "Y", Payload: []byte("[]")}, "Y: set aside after 1 attempt: the payload of Y"},
		{queue.Job{Key: "z", Kind: job.TrainKind, Title: "Z", Payload: payload(trainPayload{Hyperparameters: "method: es", Scenario: string(small)})}, "Z: set aside after 1 attempt: Z: its settings are those of key train-"},
		{queue.Job{Key: "v", Kind: job.EvalKind, Title: "V", Payload: payload(evalPayload{Name: "best", Scenario: string(small)})}, `V: there is no heuristic "best"`},
		{queue.Job{Key: "u", Kind: job.EvalKind, Title: "U", Payload: payload(evalPayload{Name: "sed", Scenario: string(small), Seeds: []uint64{1}})}, "U: its settings are those of key eval-"},
		{queue.Job{Key: "t", Kind: job.SearchKind, Title: "T", Payload: payload(searchPayload{Search: "episodes: 1000000000000", Scenario: string(small)})}, "T: its settings are those of key search-"},
		{queue.Job{Key: "s", Kind: job.EvalKind, Title: "S", Payload: payload(evalPayload{Name: "tuned", Scenario: string(small), Seeds: []uint64{1}, Weights: []float64{1}})}, "S: 1 weights for 2 groups of servers"},
		{queue.Job{Key: "r", Kind: job.EvalKind, Title: "R", Payload: payload(evalPayload{Name: "tuned", Scenario: string(small), Seeds: []uint64{1}, Weights: []float64{1, 0}})}, "R: a weight of 0: must be positive"},
		{queue.Job{Key: "q", Kind: job.EvalKind, Title: "Q", Payload: []byte(`{"name":"sed","file":"/etc/passwd"}`)}, `unknown field "file"`},
	} {
		test.job.Version = Version()
		var failures job.Failures
		_, err := x.watch.Do(t.Context(), test.job, nil)
		require.NoError(t, failures.Keep(err, x.OfOneJob(err)))
		require.ErrorContains(t, failures.Join(nil), test.want)
		require.ErrorIs(t, failures.Join(nil), queue.ErrSetAside)
		require.False(t, invalid.Is(failures.Join(nil)))
	}
	require.False(t, x.OfOneJob(io.ErrUnexpectedEOF), "a queue that cannot be reached stops all")
}

// TestQueuePort: a queue that is served again is where it was, if the port is
// free.
func TestQueuePort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var said bytes.Buffer
	log := logrus.New()
	log.SetOutput(&said)
	urlOf := func(host string, port int) string {
		s, err := serve(dir, "a-token-for-tests", host, port, log)
		require.NoError(t, err)
		defer s.Close()
		return s.URL()
	}
	first := urlOf("127.0.0.1", 0)
	require.Equal(t, first, urlOf("127.0.0.1", 0))
	require.Empty(t, said.String())

	l, err := net.Listen("tcp", strings.TrimPrefix(first, "nats://"))
	require.NoError(t, err)
	second := urlOf("127.0.0.1", 0)
	require.NotEqual(t, first, second)
	require.Contains(t, said.String(), "cannot be had")
	require.NoError(t, l.Close())
	require.Equal(t, second, urlOf("127.0.0.1", 0), "that of the last time")

	l, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	named := l.Addr().String()
	require.NoError(t, l.Close())
	require.Equal(t, "nats://"+named, urlOf("127.0.0.1", l.Addr().(*net.TCPAddr).Port))
	require.Equal(t, "nats://"+named, urlOf("127.0.0.1", 0))
	require.NoError(t, os.WriteFile(filepath.Join(dir, portName), []byte("no port"), 0o666))
	require.NotEqual(t, "nats://"+named, urlOf("127.0.0.1", 0))
}

// TestDisplayLines: how many jobs are in which phase, and which run.
func TestDisplayLines(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	since := func(s float64) time.Time { return now.Add(-time.Duration(s * float64(time.Second))) }
	list := []queue.JobState{
		{Kind: "train", Title: "es-ongoing-seed1", Phase: queue.Running, Since: since(75), Worker: "here-1", Done: 8, Of: 64},
		{Kind: "eval", Title: "sed on sim-moderate/pure-cpu", Phase: queue.Running, Since: since(-2), Worker: "there-2"},
		{Phase: queue.Queued}, {Phase: queue.Done}, {Phase: queue.Failed},
	}
	require.Equal(t, []string{
		"9 jobs: 1 done, 2 running, 1 queued, 1 set aside; 1h1m0s",
		"  train  es-ongoing-seed1                                  12 %    1m15s  here-1",
		"  eval   sed on sim-moderate/pure-cpu                                 0s  there-2",
	}, displayLines(list, 9, since(3660), now))
	for k := range 40 {
		list = append(list, queue.JobState{Kind: "train", Title: fmt.Sprint(k), Phase: queue.Running, Since: now})
	}
	lines := displayLines(list, 9, now, now)
	require.Len(t, lines, 1+maxJobLines+1)
	require.Equal(t, "  and 26 more", lines[len(lines)-1])
}
