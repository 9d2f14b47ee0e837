package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
)

// ackWait is short, for tests in which workers die, but long beside what a
// busy machine may delay a heartbeat.
const ackWait = 2 * time.Second

// token is that of all servers of tests.
const token = "a-token-for-tests"

func serve(t *testing.T, cfg ServerConfig) *Server {
	t.Helper()
	cfg.Token = token
	s, err := Serve(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() }) // some have been closed by then
	return s
}

func open(t *testing.T, url string, replicas int) *Queue {
	t.Helper()
	q, err := Open(t.Context(), Config{Token: token, URL: url, Name: t.Name(), Create: true, Replicas: replicas, AckWait: ackWait})
	require.NoError(t, err)
	t.Cleanup(q.Close)
	return q
}

// hire starts a worker, which is waited for at the end of the test or, by the
// function returned, before.
func hire(t *testing.T, q *Queue, name string, slots int, handle Handler) (stop func()) {
	t.Helper()
	log, _ := test.NewNullLogger()
	w := &Worker{
		Queue: q, Handle: handle, Name: name, Version: "v1", Slots: slots,
		RetryDelay: 50 * time.Millisecond, Log: log,
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-done)
		})
	}
	t.Cleanup(stop)
	return stop
}

func job(key string) Job {
	return Job{Key: key, Kind: "test", Title: "job " + key, Version: "v1", Payload: []byte(`"` + key + `"`)}
}

// echo is a handler that returns its payload and counts its calls.
func echo(calls *atomic.Int64) Handler {
	return func(_ context.Context, j Job, _ func(int, int)) ([]byte, error) {
		calls.Add(1)
		return []byte("result of " + string(j.Payload)), nil
	}
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// receive waits for a channel, but not for ever.
func receive[T any](t *testing.T, ctx context.Context, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-ctx.Done():
		require.NoError(t, ctx.Err())
	}
	return v
}

// TestIdempotent: however often and by whom a job is submitted, it runs once.
func TestIdempotent(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := serve(t, ServerConfig{Dir: t.TempDir()})
	q, other := open(t, s.URL(), 1), open(t, s.URL(), 1)
	var group sync.WaitGroup
	for _, by := range []*Queue{q, other, q, other} {
		group.Go(func() {
			for _, key := range []string{"a", "b"} {
				round, err := by.Submit(ctx, job(key))
				require.NoError(t, err)
				require.Zero(t, round)
			}
		})
	}
	group.Wait()
	_, err := q.js.Publish(ctx, "fairlb.jobs.a.0", []byte("{}")) // long after, when its id is forgotten
	require.ErrorContains(t, err, "maximum messages per subject exceeded")
	var calls atomic.Int64
	hire(t, other, "w", 2, echo(&calls))
	watch := q.Watch(ctx, nil)
	for range 2 {
		for _, key := range []string{"a", "b"} {
			data, err := watch.Do(ctx, job(key), nil)
			require.NoError(t, err)
			require.Equal(t, `result of "`+key+`"`, string(data))
		}
	}
	require.EqualValues(t, 2, calls.Load())
	require.Eventually(t, func() bool {
		stream, err := q.js.Stream(ctx, streamName)
		return err == nil && stream.CachedInfo().State.Msgs == 0
	}, 10*time.Second, 10*time.Millisecond, "all acknowledged")
}

// TestResultIsThere: a message whose result is stored is acknowledged without
// running, as when a worker dies between the two; one that is broken is made
// again.
func TestResultIsThere(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	for _, key := range []string{"whole", "broken"} {
		_, err := q.Submit(ctx, job(key))
		require.NoError(t, err)
		require.NoError(t, q.Put(ctx, key, []byte("from before")))
	}
	spoilBytes(t, q, "broken", "from befort")
	var calls atomic.Int64
	hire(t, q, "w", 1, echo(&calls))
	watch := q.Watch(ctx, nil)
	data, err := watch.Do(ctx, job("whole"), nil)
	require.NoError(t, err)
	require.Equal(t, "from before", string(data))
	data, err = watch.Do(ctx, job("broken"), nil)
	require.NoError(t, err)
	require.Equal(t, `result of "broken"`, string(data))
	require.EqualValues(t, 1, calls.Load())

	require.NoError(t, q.Put(ctx, "unasked", []byte("x")))
	data, err = watch.Do(ctx, job("unasked"), nil)
	require.NoError(t, err)
	require.Equal(t, "x", string(data))
	_, err = q.Result(ctx, "absent")
	require.ErrorIs(t, err, ErrNoResult)
}

// TestRedelivery: the job of a worker whose connection breaks for good goes to
// another; one that takes longer than AckWait stays with its worker.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := serve(t, ServerConfig{Dir: t.TempDir()})
	q, doomed := open(t, s.URL(), 1), open(t, s.URL(), 1)
	_, err := q.Submit(ctx, job("a"))
	require.NoError(t, err)
	begun := make(chan struct{})
	leave := make(chan struct{})
	hire(t, doomed, "doomed", 1, func(ctx context.Context, _ Job, _ func(int, int)) ([]byte, error) {
		close(begun)
		<-leave
		return nil, errors.New("nobody hears this")
	})
	t.Cleanup(func() { close(leave) }) // before that worker is waited for
	receive(t, ctx, begun)
	st, _, err := q.state(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, Running, st.Phase)
	require.Equal(t, "doomed", st.Worker)
	doomed.Close()

	var calls atomic.Int64
	hire(t, q, "heir", 1, func(ctx context.Context, j Job, progress func(int, int)) ([]byte, error) {
		calls.Add(1)
		for k := range 30 { // half as long again as AckWait
			progress(k, 30)
			if err := sleep(ctx, ackWait/20); err != nil {
				return nil, err
			}
		}
		return []byte("done"), nil
	})
	hire(t, q, "idle", 1, echo(&calls))
	var mu sync.Mutex
	most := 0
	watch := q.Watch(ctx, func(s JobState) {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, s.Done)
	})
	_, err = watch.Do(ctx, job("a"), nil)
	require.NoError(t, err)
	st, _, err = q.state(ctx, "a")
	require.NoError(t, err)
	require.EqualValues(t, 1, calls.Load(), "by one heir alone")
	require.Equal(t, 2, st.Attempts)
	if st.Worker == "heir" {
		mu.Lock()
		require.Positive(t, most, "progress was seen")
		mu.Unlock()
	}
}

// TestFatalJob: a job that kills its workers is set aside without running
// again, and those behind it go on.
func TestFatalJob(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := serve(t, ServerConfig{Dir: t.TempDir()})
	q := open(t, s.URL(), 1)
	for _, key := range []string{"killer", "good"} {
		_, err := q.Submit(ctx, job(key))
		require.NoError(t, err)
	}
	// As two workers that died have left it.
	st, revision, err := q.state(ctx, "killer")
	require.NoError(t, err)
	st.Attempts, st.Phase, st.Worker = 3, Running, "late"
	_, err = q.write(ctx, st, revision)
	require.NoError(t, err)
	var calls atomic.Int64
	hire(t, q, "w", 1, echo(&calls))
	watch := q.Watch(ctx, nil)
	_, err = watch.Wait(ctx, "good", 0)
	require.NoError(t, err)
	failed, err := watch.Wait(ctx, "killer", 0)
	require.NoError(t, err)
	require.Equal(t, Failed, failed.Phase)
	require.Equal(t, "its workers went away, last late", failed.Error)
	require.EqualValues(t, 1, calls.Load())
}

// TestPoisoned: a job that fails is tried three times, a panic or a permanent
// error no less set aside with its error; the others go on; and what was set
// aside runs again when it is submitted again.
func TestPoisoned(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	var mended atomic.Bool
	var mu sync.Mutex
	calls := map[string]int{}
	handle := func(_ context.Context, j Job, _ func(int, int)) ([]byte, error) {
		mu.Lock()
		calls[j.Key]++
		n := calls[j.Key]
		mu.Unlock()
		switch {
		case j.Key == "poison" && !mended.Load():
			return nil, fmt.Errorf("call %d failed", n)
		case j.Key == "panic":
			panic("no servers")
		case j.Key == "invalid":
			return nil, fmt.Errorf("wrapped: %w", Permanent(errors.New("no such scenario")))
		case j.Key == "shaky" && n < 3:
			return nil, errors.New("shaken")
		}
		return []byte(j.Key), nil
	}
	hire(t, q, "w", 1, handle)
	watch := q.Watch(ctx, nil)
	wants := map[string]string{
		"poison":  "job poison: set aside after 3 attempts: call 3 failed",
		"panic":   "job panic: set aside after 3 attempts: panic: no servers\n",
		"invalid": "job invalid: set aside after 1 attempt: wrapped: no such scenario",
		"shaky":   "", "good": "",
	}
	var group sync.WaitGroup
	for key, want := range wants {
		group.Go(func() {
			data, err := watch.Do(ctx, job(key), nil)
			if want == "" {
				require.NoError(t, err)
				require.Equal(t, key, string(data))
				return
			}
			require.ErrorContains(t, err, want)
			require.ErrorIs(t, err, ErrSetAside)
		})
	}
	group.Wait()
	require.Equal(t, map[string]int{"poison": 3, "panic": 3, "invalid": 1, "shaky": 3, "good": 1}, calls)

	mended.Store(true)
	data, err := watch.Do(ctx, job("poison"), nil)
	require.NoError(t, err)
	require.Equal(t, "poison", string(data))
	require.Equal(t, 4, calls["poison"])
}

// TestHandedBack: a worker that is stopped hands its job back at once, and that
// is no attempt.
func TestHandedBack(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := serve(t, ServerConfig{Dir: t.TempDir()})
	q, err := Open(ctx, Config{Token: token, URL: s.URL(), Create: true, AckWait: time.Hour})
	require.NoError(t, err)
	defer q.Close()
	_, err = q.Submit(ctx, job("a"))
	require.NoError(t, err)
	for range 4 { // more often than a job may fail
		begun := make(chan struct{})
		stop := hire(t, q, "stopped", 1, func(ctx context.Context, _ Job, _ func(int, int)) ([]byte, error) {
			close(begun)
			<-ctx.Done()
			return nil, ctx.Err()
		})
		receive(t, ctx, begun)
		stop()
	}
	var calls atomic.Int64
	hire(t, q, "w", 1, echo(&calls))
	_, err = q.Watch(ctx, nil).Do(ctx, job("a"), nil)
	require.NoError(t, err)
	st, _, err := q.state(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, 1, st.Attempts)
}

// TestRestart: queued jobs, states and results outlive the server, and clients
// find it again.
func TestRestart(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	dir := t.TempDir()
	s := serve(t, ServerConfig{Dir: dir})
	q := open(t, s.URL(), 1)
	require.NoError(t, q.Put(ctx, "z", []byte("kept")))
	_, err := q.Submit(ctx, job("a"))
	require.NoError(t, err)
	_, err = Serve(ServerConfig{Dir: dir, Token: token})
	require.ErrorIs(t, err, ErrInUse)
	watch := q.Watch(ctx, nil)
	require.NoError(t, s.Close())

	u, err := url.Parse(s.URL())
	require.NoError(t, err)
	port, err := strconv.Atoi(u.Port())
	require.NoError(t, err)
	s = serve(t, ServerConfig{Dir: dir, Port: port})
	data, err := q.Result(ctx, "z")
	require.NoError(t, err)
	require.Equal(t, "kept", string(data))
	var calls atomic.Int64
	hire(t, open(t, s.URL(), 1), "w", 1, echo(&calls))
	done, err := watch.Wait(ctx, "a", 0)
	require.NoError(t, err)
	require.Equal(t, Done, done.Phase)
	require.EqualValues(t, 1, calls.Load())
}

// TestLargeResult: a result far above the largest message of a server.
func TestLargeResult(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	large := bytes.Repeat([]byte("0123456789abcdef"), 5<<16) // 5 MiB
	require.Greater(t, int64(len(large)), 4*q.conn.MaxPayload())
	hire(t, q, "w", 1, func(context.Context, Job, func(int, int)) ([]byte, error) { return large, nil })
	data, err := q.Watch(ctx, nil).Do(ctx, job("a"), nil)
	require.NoError(t, err)
	require.True(t, bytes.Equal(large, data))
}

// TestVersions: a worker of another version leaves a job alone and says so; one
// of the job's own takes it. A job that is submitted again for another version
// is that version's.
func TestVersions(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	var calls atomic.Int64
	stop := hire(t, q, "old", 1, echo(&calls))
	newer := job("a")
	newer.Version = "v2"
	_, err := q.Submit(ctx, newer)
	require.NoError(t, err)
	noted := make(chan string, 1)
	q.Watch(ctx, func(s JobState) {
		if s.Note != "" {
			select {
			case noted <- s.Note:
			default:
			}
		}
	})
	require.Equal(t, `worker old of version "v1" refuses it: it is for version "v2"`, receive(t, ctx, noted))
	require.Zero(t, calls.Load())
	data, err := q.Watch(ctx, nil).Do(ctx, job("a"), nil)
	require.NoError(t, err)
	require.Equal(t, `result of "a"`, string(data))
	stop()
}
