package queue

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
)

// TestBadMachine: a machine that fails every job at once, with two workers on it,
// does not use up the attempts of jobs while another is busy, nor when that one
// is free again.
func TestBadMachine(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	const delay = time.Second / 2 // long beside what a busy machine takes for a message
	begun, release := make(chan struct{}), make(chan struct{})
	hire(t, q, "good", 1, func(ctx context.Context, j Job, _ func(int, int)) ([]byte, error) {
		if j.Key == "long" {
			close(begun)
			select {
			case <-release:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return []byte("done"), nil
	})
	_, err := q.Submit(ctx, job("long"))
	require.NoError(t, err)
	receive(t, ctx, begun)

	keys := []string{"a", "b", "c"}
	for _, key := range keys {
		_, err := q.Submit(ctx, job(key))
		require.NoError(t, err)
	}
	var failed atomic.Int64
	for k := range 2 {
		log, _ := test.NewNullLogger()
		w := &Worker{
			Queue: q, Name: fmt.Sprintf("bad-%d", k), Machine: "bad", Version: "v1", Slots: 2, RetryDelay: delay, Log: log,
			Handle: func(context.Context, Job, func(int, int)) ([]byte, error) {
				failed.Add(1)
				return nil, errors.New("no space left")
			},
		}
		running, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(running) }()
		t.Cleanup(func() {
			cancel()
			require.NoError(t, <-ended)
		})
	}
	require.Eventually(t, func() bool { return failed.Load() == 3 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, sleep(ctx, 4*delay))
	for _, key := range keys {
		s, _, err := q.state(ctx, key)
		require.NoError(t, err)
		require.Equal(t, Queued, s.Phase, key)
		require.Equal(t, 1, s.Attempts, key)
		require.Equal(t, []string{"bad"}, s.FailedOn, key)
		require.Contains(t, s.Error, "no space left")
	}
	close(release)
	watch := q.Watch(ctx, nil)
	for _, key := range append(keys, "long") {
		_, err := watch.Do(ctx, job(key), nil)
		require.NoError(t, err, key)
		s, _, err := q.state(ctx, key)
		require.NoError(t, err)
		require.Equal(t, "good", s.Worker, key)
	}
}

// TestMachineOfTheDead: the machine of a worker that went away has failed its
// job, and a worker there leaves it to one that is busy elsewhere, but takes it
// when nobody else is there.
func TestMachineOfTheDead(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	_, err := q.Submit(ctx, job("a"))
	require.NoError(t, err)
	st, revision, err := q.state(ctx, "a")
	require.NoError(t, err)
	st.Attempts, st.Phase, st.Worker, st.Machine, st.Lease = 1, Running, "m-1", "m", "old"
	_, err = q.write(ctx, st, revision)
	require.NoError(t, err)
	log, _ := test.NewNullLogger()
	w := &Worker{Queue: q, Name: "m-2", Machine: "m", Version: "v1", RetryDelay: 50 * time.Millisecond, Log: log}
	d := delivery{Job: job("a")}
	_, what, err := w.acquire(ctx, d)
	require.NoError(t, err)
	require.Equal(t, take, what, "nobody else is busy")

	st, revision, err = q.state(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, []string{"m"}, st.FailedOn)
	require.Equal(t, 2, st.Attempts)
	_, err = q.Submit(ctx, job("b"))
	require.NoError(t, err)
	other, first, err := q.state(ctx, "b")
	require.NoError(t, err)
	other.Phase, other.Machine = Running, "n"
	_, err = q.write(ctx, other, first)
	require.NoError(t, err)
	_, what, err = w.acquire(ctx, d)
	require.NoError(t, err)
	require.Equal(t, leave, what, "n is busy")
	left, next, err := q.state(ctx, "a")
	require.NoError(t, err)
	require.Greater(t, next, revision)
	require.Equal(t, Queued, left.Phase)
	require.Equal(t, st.Lease, left.Lease, "the worker that went away may still come back with a result")
	require.Equal(t, 2, left.Attempts)
}
