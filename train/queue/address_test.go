package queue

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"nats://h:1", "nats://h", "tls://h:4222", "ws://[::1]:80", "nats://a:1, nats://b:2"} {
		require.NoError(t, CheckURL(good), good)
	}
	for _, bad := range []string{"", "h:1", "127.0.0.1:4222", "foo://bar", "nats://", "nats://:1", "nats://h:x", "nats://h:0", "nats://h:65536", "nats://a:1,b:2", "nats://h:1,", "nats://%zz"} {
		err := CheckURL(bad)
		require.ErrorIs(t, err, ErrConfig, bad)
		require.ErrorContains(t, err, "must be a URL such as nats://127.0.0.1:4222")
		_, err = Open(t.Context(), Config{Token: token, URL: bad, Waiting: func(error) {}})
		require.ErrorIs(t, err, ErrConfig, bad)
	}
	for _, told := range []string{"nats://secret@h:1", "nats://h:1,nats://me:secret@h:2", "nats://secret@h:x", "secret@h:1"} {
		err := CheckURL(told)
		require.ErrorIs(t, err, ErrConfig, told)
		require.ErrorContains(t, err, "must be a URL without a token")
		require.NotContains(t, err.Error(), "secret")
	}
}

// TestOpenWaits: a queue is waited for whether its server is not there yet, or
// the server is and nobody has made it; but not where waiting would not help.
func TestOpenWaits(t *testing.T) {
	t.Parallel()
	ctx := limited(t)
	port := freePorts(t, 1)[0]
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
	_, err := Open(ctx, Config{Token: token, URL: url})
	require.ErrorContains(t, err, "no servers available", "nobody is told: nothing is waited for")

	stopped, cancel := context.WithCancel(ctx)
	_, err = Open(stopped, Config{Token: token, URL: url, Waiting: func(error) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)

	why := make(chan error, 100)
	opened := make(chan error, 1)
	go func() {
		q, err := Open(ctx, Config{Token: token, URL: url, Waiting: func(err error) { why <- err }})
		if err == nil {
			q.Close()
		}
		opened <- err
	}()
	require.ErrorContains(t, receive(t, ctx, why), "no servers available")
	s := serve(t, ServerConfig{Dir: t.TempDir(), Port: port})
	for receive(t, ctx, why).Error() != "nats: bucket not found" { // nobody has made the queue
	}
	open(t, s.URL(), 1)
	require.NoError(t, receive(t, ctx, opened))

	closed := serve(t, ServerConfig{Dir: t.TempDir()})
	_, err = Open(ctx, Config{Token: "not-the-tests-token", URL: closed.URL(), Waiting: func(err error) { t.Errorf("waits: %v", err) }})
	require.ErrorContains(t, err, "Authorization Violation")
}

// TestWatchedWorker: where somebody watches, who then sees it, a worker does not
// log that a job failed.
func TestWatchedWorker(t *testing.T) {
	t.Parallel()
	for _, watched := range []bool{false, true} {
		ctx := limited(t)
		s := serve(t, ServerConfig{Dir: t.TempDir()})
		q := open(t, s.URL(), 1)
		log, lines := test.NewNullLogger()
		worker, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() {
			done <- (&Worker{
				Queue: q, Name: "w", Version: "v1", Slots: 1, Attempts: 2, RetryDelay: 10 * time.Millisecond, Log: log, Watched: watched,
				Handle: func(context.Context, Job, func(int, int)) ([]byte, error) { return nil, fmt.Errorf("broken") },
			}).Run(worker)
		}()
		_, err := q.Watch(ctx, nil).Do(ctx, job("a"), nil)
		require.ErrorIs(t, err, ErrSetAside)
		stop()
		require.NoError(t, receive(t, ctx, done))
		var said []string
		for _, line := range lines.AllEntries() {
			said = append(said, line.Message)
		}
		if watched {
			require.Empty(t, said)
		} else {
			require.Equal(t, []string{"job a: attempt 1 failed", "job a: set aside"}, said)
		}
	}
}
