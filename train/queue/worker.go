package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/sirupsen/logrus"
)

// Handler does a job and returns its result. It may say how far it is, as often
// as it likes. It should return soon after ctx is cancelled.
type Handler func(ctx context.Context, job Job, progress func(done, of int)) ([]byte, error)

// Worker takes jobs of a queue and does them.
type Worker struct {
	Queue   *Queue
	Handle  Handler
	Name    string // for people, and to tell workers apart
	Version string // of the program; jobs for another are left alone
	Slots   int    // jobs at a time, at least 1
	// Attempts is how often a job may fail, or its worker die, until it is
	// set aside; 0: 3.
	Attempts int
	// RetryDelay is how long a job that failed waits for another try; 0: 5 s.
	RetryDelay time.Duration
	// Watched says that somebody who watches the queue logs which jobs failed,
	// so that the worker does not.
	Watched bool
	Log     logrus.FieldLogger
}

// pollWait is how long a worker asks for a job until it asks again.
const pollWait = 3 * time.Second

// partingWait is how long a worker that stops takes for handing a job back.
const partingWait = 10 * time.Second

func (w *Worker) attempts() int {
	if w.Attempts == 0 {
		return 3
	}
	return w.Attempts
}

func (w *Worker) retryDelay() time.Duration {
	if w.RetryDelay == 0 {
		return 5 * time.Second
	}
	return w.RetryDelay
}

// Run works until ctx is cancelled, and then hands back what it has not
// finished. What goes wrong with a job or with the servers is logged; the only
// errors are of the configuration.
func (w *Worker) Run(ctx context.Context) error {
	if w.Slots < 1 || w.Attempts < 0 || w.RetryDelay < 0 || w.Handle == nil {
		return fmt.Errorf("%w: a worker of %d slots, %d attempts, a delay of %v", ErrConfig, w.Slots, w.Attempts, w.RetryDelay)
	}
	var slots sync.WaitGroup
	for range w.Slots {
		slots.Go(func() { w.work(ctx) })
	}
	slots.Wait()
	return nil
}

// work does one job after the other.
func (w *Worker) work(ctx context.Context) {
	for ctx.Err() == nil {
		msg, err := w.next(ctx)
		if err == nil && msg != nil {
			err = w.process(ctx, msg)
		}
		if err != nil && ctx.Err() == nil {
			w.Log.WithError(err).Warn("queue: trouble; going on")
			_ = sleep(ctx, time.Second)
		}
	}
}

// next returns the next message, or nil if there is none so far.
func (w *Worker) next(ctx context.Context) (jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, pollWait)
	defer cancel()
	batch, err := w.Queue.consumer.Fetch(1, jetstream.FetchContext(ctx))
	if err != nil {
		return nil, err
	}
	for msg := range batch.Messages() {
		return msg, nil
	}
	if err := batch.Error(); ctx.Err() == nil && !errors.Is(err, jetstream.ErrNoMessages) {
		return nil, err
	}
	return nil, nil
}

// process does what a message asks for.
func (w *Worker) process(ctx context.Context, msg jetstream.Msg) error {
	var d delivery
	if err := json.Unmarshal(msg.Data(), &d); err != nil || checkKey(d.Key) != nil {
		w.Log.WithField("subject", msg.Subject()).Warn("queue: a message that is no job; dropped")
		return msg.TermWithReason("no job")
	}
	stop := w.keep(msg)
	defer stop()
	l, what, err := w.acquire(ctx, d)
	switch {
	case err != nil:
		return errors.Join(err, msg.NakWithDelay(w.retryDelay()))
	case what == finish:
		return w.acknowledge(ctx, msg)
	case what == drop:
		return msg.TermWithReason("stale or set aside")
	case what == refuse:
		w.Log.Warnf("%s is for version %q, this is %q; left to other workers", d.Title, d.Version, w.Version)
		return errors.Join(msg.NakWithDelay(w.Queue.ackWait), sleep(ctx, time.Second))
	}
	result, err := w.run(ctx, d.Job, l)
	// What has been done is kept, even if the worker is to stop now.
	parting, cancel := linger(ctx, partingWait)
	defer cancel()
	if err == nil {
		if err = w.Queue.Put(parting, d.Key, result); err == nil {
			if err := l.set(parting, func(s *JobState) { s.enter(Done); s.Error = "" }); err != nil && !errors.Is(err, errLost) {
				return err // delivered again, when the result will be found
			}
			return w.acknowledge(parting, msg)
		}
		if ctx.Err() != nil {
			err = errStopping
		}
	}
	return w.failed(parting, msg, l, err)
}

// acknowledge ends a job whose result is stored.
func (w *Worker) acknowledge(ctx context.Context, msg jetstream.Msg) error {
	return retry(ctx, func(ctx context.Context) error {
		err := msg.DoubleAck(ctx)
		if errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
			return nil
		}
		return err
	})
}

// failed hands a job back, has it tried again, or sets it aside.
func (w *Worker) failed(ctx context.Context, msg jetstream.Msg, l *lease, cause error) error {
	var permanent permanentError
	title := l.state.Title
	switch {
	case errors.Is(cause, errLost):
		w.Log.Warnf("%s: %v", title, cause)
		return nil
	case errors.Is(cause, errStopping):
		if err := l.set(ctx, func(s *JobState) { s.Attempts--; s.enter(Queued) }); err != nil {
			return ignoreLost(err)
		}
		return errors.Join(msg.Nak(), w.Queue.conn.FlushWithContext(ctx))
	case errors.As(cause, &permanent), l.state.Attempts >= w.attempts():
		if !w.Watched {
			w.Log.WithError(cause).Warnf("%s: set aside", title)
		}
		if err := l.set(ctx, func(s *JobState) { s.Error = cause.Error(); s.enter(Failed) }); err != nil {
			return ignoreLost(err)
		}
		return msg.TermWithReason("set aside")
	}
	if !w.Watched {
		w.Log.WithError(cause).Warnf("%s: attempt %d failed", title, l.state.Attempts)
	}
	if err := l.set(ctx, func(s *JobState) { s.Error = cause.Error(); s.enter(Queued) }); err != nil {
		return ignoreLost(err)
	}
	return msg.NakWithDelay(w.retryDelay())
}

func ignoreLost(err error) error {
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}

// keep says, until it is stopped, that the message is still being worked on.
func (w *Worker) keep(msg jetstream.Msg) (stop func()) {
	done := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		ticker := time.NewTicker(w.Queue.ackWait / 4)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				// Without a connection it is sent later; too late, and
				// another worker has the job.
				_ = msg.InProgress()
			}
		}
	})
	return func() {
		close(done)
		beating.Wait()
	}
}

// run calls the handler, whose panic is an error, and writes how far it is once
// a second at most.
func (w *Worker) run(ctx context.Context, job Job, l *lease) (result []byte, err error) {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var last time.Time
	progress := func(done, of int) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) < time.Second || inner.Err() != nil {
			return
		}
		last = time.Now()
		switch err := l.set(inner, func(s *JobState) { s.Done, s.Of = done, of }); {
		case errors.Is(err, errLost):
			cancel(errLost)
		case err != nil && inner.Err() == nil:
			w.Log.WithError(err).Warn("queue: progress not written")
		}
	}
	func() {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, firstLines(string(debug.Stack()), 30))
			}
		}()
		result, err = w.Handle(inner, job, progress)
	}()
	switch {
	case err == nil:
		return result, nil
	case errors.Is(context.Cause(inner), errLost):
		return nil, errLost
	case ctx.Err() != nil:
		return nil, errStopping
	}
	return nil, err
}

func firstLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[:min(n, len(lines))], "\n")
}
