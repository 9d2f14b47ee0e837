package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
)

// spoilBytes puts other bytes in place of those of a result.
func spoilBytes(t *testing.T, q *Queue, key, text string) {
	t.Helper()
	info, err := q.results.GetInfo(t.Context(), key)
	require.NoError(t, err)
	require.NoError(t, q.objects.Purge(t.Context(), jetstream.WithPurgeSubject(chunkSubject(info.NUID))))
	if text != "" {
		_, err = q.js.Publish(t.Context(), chunkSubject(info.NUID), []byte(text))
		require.NoError(t, err)
	}
}

// describeAs changes what is stored about a result.
func describeAs(t *testing.T, q *Queue, key string, change func(*jetstream.ObjectInfo)) {
	t.Helper()
	info, err := q.results.GetInfo(t.Context(), key)
	require.NoError(t, err)
	change(info)
	data, err := json.Marshal(info)
	require.NoError(t, err)
	replaceDescription(t, q, key, data)
}

func replaceDescription(t *testing.T, q *Queue, key string, data []byte) {
	t.Helper()
	require.NoError(t, q.objects.Purge(t.Context(), jetstream.WithPurgeSubject(metaSubject(key))))
	_, err := q.js.Publish(t.Context(), metaSubject(key), data)
	require.NoError(t, err)
}

// TestDamagedResults: whatever has become of a result on the server, the job is
// done anew, once, and nothing is read that is longer than it may be.
func TestDamagedResults(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	q.recheck = 100 * time.Millisecond
	var calls atomic.Int64
	hire(t, q, "w", 2, echo(&calls))
	watch := q.Watch(ctx, nil)
	for name, damage := range map[string]func(key string){
		"bytes":  func(key string) { spoilBytes(t, q, key, strings.Repeat("x", len(`result of ""`)+len(key))) },
		"short":  func(key string) { spoilBytes(t, q, key, "x") },
		"long":   func(key string) { spoilBytes(t, q, key, strings.Repeat("x", 1000)) },
		"gone":   func(key string) { spoilBytes(t, q, key, "") },
		"unread": func(key string) { replaceDescription(t, q, key, []byte("{")) },
		"digest": func(key string) { describeAs(t, q, key, func(i *jetstream.ObjectInfo) { i.Digest = "SHA-256=" }) },
		"size":   func(key string) { describeAs(t, q, key, func(i *jetstream.ObjectInfo) { i.Size = 1 << 62 }) },
		"other":  func(key string) { describeAs(t, q, key, func(i *jetstream.ObjectInfo) { i.Name = "another" }) },
		"wild":   func(key string) { describeAs(t, q, key, func(i *jetstream.ObjectInfo) { i.NUID = ">" }) },
		"loop": func(key string) {
			describeAs(t, q, key, func(i *jetstream.ObjectInfo) {
				i.Opts = &jetstream.ObjectMetaOptions{Link: &jetstream.ObjectLink{Bucket: resultBucket, Name: key}}
			})
		},
	} {
		before := calls.Load()
		want := `result of "` + name + `"`
		for range 2 {
			data, err := watch.Do(ctx, job(name), nil)
			require.NoError(t, err, name)
			require.Equal(t, want, string(data), name)
			require.EqualValues(t, before+1, calls.Load(), name)
		}
		damage(name)
		data, err := watch.Do(ctx, job(name), nil)
		require.NoError(t, err, name)
		require.Equal(t, want, string(data), name)
		require.EqualValues(t, before+2, calls.Load(), name)
		data, err = q.Result(ctx, name)
		require.NoError(t, err, name)
		require.Equal(t, want, string(data), name)
	}
}

// TestRejectedResults: a result that whoever waits cannot use is made anew, and
// after three of them the job is set aside, while others go on; who asks again
// has it tried again.
func TestRejectedResults(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := serve(t, ServerConfig{Dir: t.TempDir()})
	q, other := open(t, s.URL(), 1), open(t, s.URL(), 1)
	var calls atomic.Int64
	hire(t, q, "w", 2, func(_ context.Context, j Job, _ func(int, int)) ([]byte, error) {
		return fmt.Appendf(nil, "%s %d", j.Key, calls.Add(1)), nil
	})
	watch := q.Watch(ctx, nil)
	usable := func(text string) func([]byte) error {
		return func(data []byte) error {
			if string(data) != text {
				return fmt.Errorf("%w: %s", ErrUnusable, data)
			}
			return nil
		}
	}
	data, err := watch.Do(ctx, job("mended"), usable("mended 2"))
	require.NoError(t, err)
	require.Equal(t, "mended 2", string(data))

	for first := int64(3); first < 9; first += 3 {
		_, err = watch.Do(ctx, job("bad"), usable("never"))
		require.ErrorIs(t, err, ErrSetAside)
		require.EqualError(t, err, fmt.Sprintf("job bad: set aside after 3 attempts: queue: unusable: bad %d", first+2))
		require.EqualValues(t, first+2, calls.Load())
	}
	there, err := q.Has(ctx, "bad")
	require.NoError(t, err)
	require.False(t, there)

	disk := errors.New("disk full")
	_, err = watch.Do(ctx, job("mended"), func([]byte) error { return disk })
	require.Equal(t, disk, err, "no fault of the result")
	require.EqualValues(t, 8, calls.Load())

	// Two that reject the same result have it made anew once.
	calls.Store(0)
	var group sync.WaitGroup
	for _, by := range []*Queue{q, other} {
		group.Go(func() {
			data, err := by.Watch(ctx, nil).Do(ctx, job("both"), usable("both 2"))
			require.NoError(t, err)
			require.Equal(t, "both 2", string(data))
		})
	}
	group.Wait()
	require.EqualValues(t, 2, calls.Load())
}

// notStates are what no state of the job may be.
func notStates(key string) map[string]string {
	return map[string]string{
		"cut":      `{"key":`,
		"empty":    "",
		"list":     "[]",
		"null":     "null",
		"other":    `{"key":"other","phase":"done"}`,
		"phase":    `{"key":"` + key + `","phase":"dancing"}`,
		"no phase": `{"key":"` + key + `"}`,
		"negative": `{"key":"` + key + `","phase":"queued","version":"v1","round":-1}`,
		"attempts": `{"key":"` + key + `","phase":"queued","version":"v1","attempts":-9}`,
		"round":    `{"key":"` + key + `","phase":"done","version":"v1","round":9223372036854775807}`,
		"long":     strings.Repeat("x", 900_000),
	}
}

// TestPoisonedState: what is no state of a job stops neither the job, whoever
// spoilt it when, nor the others.
func TestPoisonedState(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	q.recheck = 100 * time.Millisecond
	n := 0
	var calls atomic.Int64
	watch := q.Watch(ctx, nil)
	stop := hire(t, q, "w", 2, echo(&calls))
	for name := range notStates("") {
		key := fmt.Sprint("k", n)
		n++
		poison := func() {
			_, err := q.states.Put(ctx, key, []byte(notStates(key)[name]))
			require.NoError(t, err)
		}
		for range 2 { // before anybody has asked for the job, and when it is done
			poison()
			data, err := watch.Do(ctx, job(key), nil)
			require.NoError(t, err, name)
			require.Equal(t, `result of "`+key+`"`, string(data))
		}
		require.EqualValues(t, n, calls.Load(), name)
	}
	stop()
	// While it is waited for, whether its message is still there or not.
	for name := range notStates("") {
		for _, lost := range []bool{false, true} {
			key := fmt.Sprint("k", n)
			n++
			done := make(chan error, 1)
			round, err := q.Submit(ctx, job(key))
			require.NoError(t, err)
			go func() {
				_, err := watch.Do(ctx, job(key), nil)
				done <- err
			}()
			if lost {
				stream, err := q.js.Stream(ctx, streamName)
				require.NoError(t, err)
				require.NoError(t, stream.Purge(ctx, jetstream.WithPurgeSubject(subjectOf(key, round))))
			}
			_, err = q.states.Put(ctx, key, []byte(notStates(key)[name]))
			require.NoError(t, err)
			stop := hire(t, q, "w", 1, echo(&calls))
			require.NoError(t, receive(t, ctx, done), name)
			stop()
		}
	}
}

// TestPoisonedMessage: what is in the stream in a job's place, and no job, is
// dropped, and the job done nevertheless.
func TestPoisonedMessage(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	q.recheck = 20 * time.Millisecond
	for k, data := range []string{
		"", "{", "[]", `{"key":"a b"}`, `{"key":"other","round":0}`, `{"key":"k","round":-1}`,
		`{"key":"k5","payload_sha256":"../../etc/passwd"}`, strings.Repeat("x", 900_000),
	} {
		_, err := q.js.Publish(ctx, subjectOf(fmt.Sprint("k", k), 0), []byte(data))
		require.NoError(t, err)
	}
	for _, subject := range []string{"fairlb.jobs.. .0", "fairlb.jobs.*.0", "fairlb.jobs.a.b"} {
		_, _ = q.js.Publish(ctx, subject, []byte("x")) // some a server refuses
	}
	var calls atomic.Int64
	hire(t, q, "w", 2, echo(&calls))
	watch := q.Watch(ctx, nil)
	var group sync.WaitGroup
	for k := range 8 {
		group.Go(func() {
			_, err := watch.Do(ctx, job(fmt.Sprint("k", k)), nil)
			require.NoError(t, err)
		})
	}
	group.Wait()
	require.EqualValues(t, 8, calls.Load())
}

// TestLongPayload: a payload that no message takes comes whole, and one that was
// damaged on the way is this job's fault alone.
func TestLongPayload(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	watch := q.Watch(ctx, nil)
	long := func(key string, n int) Job {
		j := job(key)
		j.Payload = []byte(`"` + strings.Repeat(key, n-2) + `"`)
		return j
	}
	_, err := watch.Do(ctx, long("x", MaxPayload+1), nil)
	require.ErrorIs(t, err, ErrConfig)
	require.Greater(t, int64(3<<20), 2*q.conn.MaxPayload())

	damaged := long("b", 3<<20)
	_, err = q.Submit(ctx, damaged)
	require.NoError(t, err)
	name, _ := payloadObject(damaged.Payload)
	spoilBytes(t, q, name, "x")
	hire(t, q, "w", 1, func(_ context.Context, j Job, _ func(int, int)) ([]byte, error) { return j.Payload, nil })
	failed, err := watch.Wait(ctx, "b", 0)
	require.NoError(t, err)
	require.Equal(t, Failed, failed.Phase)
	require.Contains(t, failed.Error, "the payload of job b")
	for _, j := range []Job{long("a", inlinePayload), long("c", inlinePayload+1), long("d", 3<<20), damaged} {
		data, err := watch.Do(ctx, j, nil)
		require.NoError(t, err)
		require.True(t, bytes.Equal(j.Payload, data))
	}
}

// TestLongTexts: an error of any length, or one that would steer a terminal, is
// told shortened and without that.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	q := open(t, serve(t, ServerConfig{Dir: t.TempDir()}).URL(), 1)
	hire(t, q, strings.Repeat("w", 2<<20), 1, func(context.Context, Job, func(int, int)) ([]byte, error) {
		return nil, Permanent(errors.New("\x1b]0;title\x07" + strings.Repeat("x", 2<<20)))
	})
	_, err := q.Watch(ctx, nil).Do(ctx, job("a"), nil)
	var failed *SetAsideError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "\uFFFD]0;title\uFFFDxxx", failed.State.Error[:len("\uFFFD]0;title\uFFFDxxx")])
	require.LessOrEqual(t, len(failed.State.Error), maxText)
	require.LessOrEqual(t, len(failed.State.Worker), maxText)

	j := job("b")
	j.Title = strings.Repeat("t", maxText+1)
	_, err = q.Submit(ctx, j)
	require.ErrorIs(t, err, ErrConfig)
}

// TestProgressDoesNotWait: a job goes on while no server takes how far it is.
func TestProgressDoesNotWait(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := serve(t, ServerConfig{Dir: t.TempDir()})
	q := open(t, s.URL(), 1)
	_, err := q.Submit(ctx, job("a"))
	require.NoError(t, err)
	begun, closed, told := make(chan struct{}), make(chan struct{}), make(chan struct{})
	stop := hire(t, q, "w", 1, func(_ context.Context, _ Job, progress func(int, int)) ([]byte, error) {
		close(begun)
		<-closed
		for k := range 20 {
			progress(k, 20)
			time.Sleep(50 * time.Millisecond) // the job's own work
		}
		close(told)
		return nil, errors.New("enough")
	})
	receive(t, ctx, begun)
	require.NoError(t, s.Close())
	close(closed)
	select {
	case <-told:
	case <-time.After(4 * time.Second): // less than a request may take
		t.Fatal("the job waits for the server")
	}
	q.Close()
	stop()
}

// TestUntilIdle: a worker ends when no job of its version is queued or runs
// anywhere, or when the server is gone, and not before.
func TestUntilIdle(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	s := serve(t, ServerConfig{Dir: t.TempDir()})
	q := open(t, s.URL(), 1)
	const idle = 400 * time.Millisecond
	work := func(q *Queue, handle Handler) <-chan error {
		log, _ := test.NewNullLogger()
		w := &Worker{Queue: q, Handle: handle, Name: "idle", Version: "v1", Slots: 2, UntilIdle: idle, Log: log}
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		return done
	}
	var calls atomic.Int64
	start := time.Now()
	require.NoError(t, receive(t, ctx, work(q, echo(&calls))))
	require.GreaterOrEqual(t, time.Since(start), idle)

	for k := range 5 {
		_, err := q.Submit(ctx, job(fmt.Sprint("j", k)))
		require.NoError(t, err)
	}
	foreign := job("foreign") // nobody will do it
	foreign.Version = "v2"
	_, err := q.Submit(ctx, foreign)
	require.NoError(t, err)
	require.NoError(t, receive(t, ctx, work(q, echo(&calls))))
	require.EqualValues(t, 5, calls.Load())

	// One job, longer than the worker may be idle: neither who does it ends, nor
	// who would take it over.
	leave := make(chan struct{})
	_, err = q.Submit(ctx, job("long"))
	require.NoError(t, err)
	begun := make(chan struct{})
	first := work(q, func(context.Context, Job, func(int, int)) ([]byte, error) {
		close(begun)
		<-leave
		return []byte("x"), nil
	})
	receive(t, ctx, begun)
	second := work(open(t, s.URL(), 1), echo(&calls))
	select {
	case <-first:
		t.Fatal("the worker of a job ended")
	case <-second:
		t.Fatal("a worker ended while a job ran")
	case <-time.After(5 * idle):
	}
	close(leave)
	require.NoError(t, receive(t, ctx, first))
	require.NoError(t, receive(t, ctx, second))
	require.EqualValues(t, 5, calls.Load())

	last := work(q, echo(&calls))
	require.NoError(t, s.Close())
	require.NoError(t, receive(t, ctx, last))
}

// FuzzState: whatever is written as a job's state, what is read of it is one.
func FuzzState(f *testing.F) {
	for _, text := range notStates("k") {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"key":"k","phase":"running","title":"\u001b[2J","since":"2026-01-01T00:00:00Z","attempts":2,"done":1,"of":3}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeState("k", data)
		if err != nil {
			require.ErrorIs(t, err, ErrUnusable)
			require.Empty(t, s)
			return
		}
		require.Equal(t, "k", s.Key)
		require.GreaterOrEqual(t, min(s.Attempts, s.Done, s.Of, s.Round), 0)
		require.LessOrEqual(t, len(s.Title), maxText)
		require.NotContains(t, s.Title+s.Worker+s.Error+s.Note, "\x1b")
	})
}

// FuzzDelivery: whatever is in the stream, what is taken for a job is the one of
// its subject.
func FuzzDelivery(f *testing.F) {
	f.Add([]byte(`{"key":"k","kind":"eval","title":"K","version":"v1","payload":{},"round":3}`))
	f.Add([]byte(`{"key":"k","round":3,"payload_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}`))
	f.Add([]byte(`{"key":"../k","round":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := decodeDelivery("fairlb.jobs.k.3", data)
		if err != nil {
			require.ErrorIs(t, err, ErrUnusable)
			return
		}
		require.Equal(t, "k", d.Key)
		require.Equal(t, 3, d.Round)
		require.NotContains(t, d.Title, "\x1b")
	})
}
