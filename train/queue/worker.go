package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/sirupsen/logrus"

	"fairlb/env/parallel"
)

// Handler does a job and returns its result. It may say how far it is, as often
// as it likes. It should return soon after ctx is cancelled.
type Handler func(ctx context.Context, job Job, progress func(done, of int)) ([]byte, error)

// Worker takes jobs of a queue and does them.
type Worker struct {
	Queue   *Queue
	Handle  Handler
	Name    string // for people, and to tell workers apart
	Machine string // what it runs on, which other workers may, too; empty: Name
	Version string // of the program; jobs for another are left alone
	Slots   int    // jobs at a time, at least 1
	// Attempts is how often a job may fail, or its worker die, until it is
	// set aside; 0: 3.
	Attempts int
	// RetryDelay is how long a job that failed waits for a try on another
	// machine; for one on the same it waits twice as long. 0: 5 s.
	RetryDelay time.Duration
	// UntilIdle, if not 0, ends the worker when for so long there has been
	// nothing to do: no job of its version is queued or runs anywhere, or no
	// server answers.
	UntilIdle time.Duration
	// Watched says that somebody who watches the queue logs which jobs failed,
	// so that the worker does not.
	Watched bool
	Log     logrus.FieldLogger

	mu         sync.Mutex
	othersBusy time.Time // when a job that failed on this machine was last left to one that is busy
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
// finished, or until there is nothing more to do (UntilIdle). What goes wrong
// with a job or with the servers is logged; the only errors are of the
// configuration.
func (w *Worker) Run(ctx context.Context) error {
	if w.Slots < 1 || w.Attempts < 0 || w.RetryDelay < 0 || w.UntilIdle < 0 || w.Handle == nil {
		return fmt.Errorf("%w: a worker of %d slots, %d attempts, a delay of %v, idle for %v", ErrConfig, w.Slots, w.Attempts, w.RetryDelay, w.UntilIdle)
	}
	var slots sync.WaitGroup
	var running atomic.Int64 // jobs
	var idle atomic.Bool     // for long enough
	for range w.Slots {
		slots.Go(func() { w.work(ctx, &running, &idle) })
	}
	if w.UntilIdle > 0 {
		slots.Go(func() { w.awaitIdle(ctx, &running, &idle) })
	}
	slots.Wait()
	return nil
}

// work does one job after the other. It ends between two jobs when the worker has
// been idle.
func (w *Worker) work(ctx context.Context, running *atomic.Int64, idle *atomic.Bool) {
	for ctx.Err() == nil && !idle.Load() {
		msg, err := w.next(ctx)
		if err == nil && msg != nil {
			running.Add(1)
			err = w.process(ctx, msg)
			running.Add(-1)
		}
		if err != nil && ctx.Err() == nil {
			w.Log.WithError(err).Warn("queue: trouble; going on")
			_ = sleep(ctx, time.Second)
		}
	}
}

// next returns the next message, or nil if there is none so far.
func (w *Worker) next(ctx context.Context) (jetstream.Msg, error) {
	wait := pollWait
	if w.UntilIdle > 0 {
		wait = min(wait, max(w.UntilIdle/2, 100*time.Millisecond))
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
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
	d, err := decodeDelivery(msg.Subject(), msg.Data())
	if err != nil {
		w.Log.WithField("subject", msg.Subject()).WithError(err).Warn("queue: a message that is no job; dropped")
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
	case what == leave:
		return msg.NakWithDelay(w.retryDelay() / 5)
	case what == refuse:
		w.Log.Warnf("%s is for version %q, this is %q; left to other workers", d.Title, d.Version, w.Version)
		return errors.Join(msg.NakWithDelay(w.Queue.ackWait), sleep(ctx, time.Second))
	}
	result, err := w.run(ctx, d, l)
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
		if err := l.set(ctx, func(s *JobState) { s.Error = cause.Error(); s.failedOn(w.machine()); s.enter(Failed) }); err != nil {
			return ignoreLost(err)
		}
		return msg.TermWithReason("set aside")
	}
	if !w.Watched {
		w.Log.WithError(cause).Warnf("%s: attempt %d failed", title, l.state.Attempts)
	}
	if err := l.set(ctx, func(s *JobState) { s.Error = cause.Error(); s.failedOn(w.machine()); s.enter(Queued) }); err != nil {
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
func (w *Worker) run(ctx context.Context, d delivery, l *lease) (result []byte, err error) {
	inner, cancel := context.WithCancelCause(ctx)
	var told atomic.Pointer[[2]int]
	var telling sync.WaitGroup
	telling.Go(func() { w.tell(inner, l, &told, cancel) })
	defer func() {
		cancel(nil)
		telling.Wait()
	}()
	progress := func(done, of int) { told.Store(&[2]int{done, of}) }
	if err = w.Queue.payload(inner, &d); err == nil {
		result, err = w.handle(inner, d.Job, progress)
	}
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

// handle calls the handler.
func (w *Worker) handle(ctx context.Context, job Job, progress func(done, of int)) (result []byte, err error) {
	defer parallel.Catch(&err)
	return w.Handle(ctx, job, progress)
}

// tell writes how far a job is, until the context ends. The job does not wait
// for it: a server may be away for long.
func (w *Worker) tell(ctx context.Context, l *lease, told *atomic.Pointer[[2]int], cancel context.CancelCauseFunc) {
	var last *[2]int
	for sleep(ctx, time.Second/4) == nil {
		now := told.Load()
		if now == last {
			continue
		}
		last = now
		switch err := l.set(ctx, func(s *JobState) { s.Done, s.Of = max(0, now[0]), max(0, now[1]) }); {
		case errors.Is(err, errLost):
			cancel(errLost)
		case err != nil && ctx.Err() == nil:
			w.Log.WithError(err).Warn("queue: progress not written")
		}
		_ = sleep(ctx, time.Second)
	}
}
