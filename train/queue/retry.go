package queue

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// transient says whether a request may well succeed if it is made again: no
// server answered, or none that could.
func transient(err error) bool {
	for _, target := range []error{
		nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrReconnectBufExceeded,
		nats.ErrConnectionReconnecting, context.DeadlineExceeded,
		jetstream.ErrNoStreamResponse, jetstream.ErrAsyncPublishTimeout, jetstream.ErrTooManyStalledMsgs,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	var answer *jetstream.APIError
	return errors.As(err, &answer) && answer.Code >= 500
}

// retry makes a request of a few messages, again and again while no server can
// answer, for a minute.
func retry(ctx context.Context, request func(context.Context) error) error {
	return retryEach(ctx, time.Minute, requestWait, request)
}

// retryLong is retry for a request that moves much data. What was on its way to
// a server that is lost is waited for in vain, so that the first tries are short
// and each may take twice as long as the one before.
func retryLong(ctx context.Context, request func(context.Context) error) error {
	each := requestWait / 2
	return retryEach(ctx, 10*time.Minute, 0, func(ctx context.Context) error {
		each *= 2
		ctx, cancel := context.WithTimeout(ctx, each)
		defer cancel()
		return request(ctx)
	})
}

// retryEach lets each try take so long (0: as long as it likes), and begins
// none beyond the limit.
func retryEach(ctx context.Context, limit, each time.Duration, request func(context.Context) error) error {
	try := func() error {
		if each == 0 {
			return request(ctx)
		}
		bounded, cancel := context.WithTimeout(ctx, each)
		defer cancel()
		return request(bounded)
	}
	end := time.Now().Add(limit)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := try()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !transient(err) || time.Now().After(end):
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// linger returns a context that is cancelled so long after ctx is.
func linger(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(d, cancel)
		context.AfterFunc(out, func() { timer.Stop() })
	})
	return out, func() {
		stop()
		cancel()
	}
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
