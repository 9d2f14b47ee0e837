package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Watch follows where all jobs of a queue stand.
type Watch struct {
	queue   *Queue
	changed func(JobState)

	ended sync.WaitGroup // of the goroutine that follows

	mu     sync.Mutex
	states map[string]JobState
	wake   chan struct{} // closed at the next change
}

// recheck is how often a state that is waited for is asked for, lest a lost
// change be waited for without end. After doubtfulChecks of them a job that is
// still queued is submitted again, lest its message be lost.
const (
	recheck        = 10 * time.Second
	doubtfulChecks = 6
)

// Watch begins to follow the jobs, until ctx is cancelled. changed, if not nil,
// is called with each state that is new, from one goroutine.
func (q *Queue) Watch(ctx context.Context, changed func(JobState)) *Watch {
	w := &Watch{queue: q, changed: changed, states: map[string]JobState{}, wake: make(chan struct{})}
	w.ended.Go(func() {
		for ctx.Err() == nil {
			w.follow(ctx)
			_ = sleep(ctx, time.Second)
		}
	})
	return w
}

// Join waits until changed is called no more, after the end of the context.
func (w *Watch) Join() { w.ended.Wait() }

// follow takes changes until there are no more of this subscription.
func (w *Watch) follow(ctx context.Context) {
	renewed := w.queue.renewal()
	// The context is that of the subscription, not of the request alone, whose
	// answer may never come.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hurry := time.AfterFunc(requestWait/2, cancel)
	watcher, err := w.queue.states.WatchAll(ctx)
	if !hurry.Stop() || err != nil {
		return // asked again in a second; see also recheck
	}
	defer func() { _ = watcher.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return
		case <-renewed:
			return
		case entry, open := <-watcher.Updates():
			if !open {
				return
			}
			if entry == nil {
				continue // all that was there has come
			}
			if s, err := decodeState(entry.Key(), entry.Value()); err == nil {
				w.note(s)
			}
		}
	}
}

func (w *Watch) note(s JobState) {
	w.mu.Lock()
	w.states[s.Key] = s
	close(w.wake)
	w.wake = make(chan struct{})
	w.mu.Unlock()
	if w.changed != nil {
		w.changed(s)
	}
}

// States are all jobs, those that run first, then by kind and title.
func (w *Watch) States() []JobState {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []JobState
	for _, s := range w.states {
		list = append(list, s)
	}
	order := []Phase{Running, Queued, Failed, Done}
	slices.SortFunc(list, func(a, b JobState) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Phase), slices.Index(order, b.Phase)),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Title, b.Title), cmp.Compare(a.Key, b.Key))
	})
	return list
}

// Wait waits until a job has ended in this round or a later one.
func (w *Watch) Wait(ctx context.Context, key string, round int) (JobState, error) {
	for {
		s, err := w.await(ctx, key, round)
		if !errors.Is(err, errForgotten) && !errors.Is(err, errDoubtful) {
			return s, err
		}
	}
}

// await is Wait, but returns errForgotten or errDoubtful of a job that may never
// run: its state, or its message, was spoilt.
func (w *Watch) await(ctx context.Context, key string, round int) (JobState, error) {
	ticker := time.NewTicker(w.queue.recheck)
	defer ticker.Stop()
	for checks := 1; ; {
		w.mu.Lock()
		s, there := w.states[key]
		wake := w.wake
		w.mu.Unlock()
		if there && s.Round >= round && s.Ended() {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return JobState{}, ctx.Err()
		case <-wake:
		case <-ticker.C:
			s, _, err := w.queue.state(ctx, key)
			switch {
			case err != nil:
				return JobState{}, err
			case s.Phase == "":
				return JobState{}, errForgotten
			case s.Round >= round && s.Ended():
				return s, nil
			case s.Phase == Queued && checks >= doubtfulChecks:
				return JobState{}, errDoubtful
			}
			checks++
		}
	}
}

// Do submits a job, waits for its end and returns its result, or a
// SetAsideError. A result that is damaged, or of which check, if not nil, says
// that it is ErrUnusable, is removed and the job is done anew, until it is set
// aside: what is wrong with one job is no error of the queue.
func (w *Watch) Do(ctx context.Context, job Job, check func(result []byte) error) ([]byte, error) {
	for rejected := 0; ; {
		round, err := w.queue.Submit(ctx, job)
		if err != nil {
			return nil, err
		}
		s, err := w.await(ctx, job.Key, round)
		switch {
		case errors.Is(err, errForgotten), errors.Is(err, errDoubtful):
			continue
		case err != nil:
			return nil, err
		case s.Phase == Failed:
			return nil, &SetAsideError{s}
		}
		data, err := w.queue.settled(ctx, job.Key)
		if err == nil && check != nil {
			err = check(data)
		}
		if err == nil {
			return data, nil
		}
		if !errors.Is(err, ErrUnusable) && !errors.Is(err, ErrNoResult) {
			return nil, err
		}
		rejected++
		if err := w.queue.reject(ctx, job.Key, s.Round, data, err, rejected == maxRejected); err != nil {
			return nil, err
		}
	}
}

// maxRejected is how many results of a job may be unusable, to one who waits for
// it, until it is set aside.
const maxRejected = 3

// reject removes the result of a job that was done in a round, and has the job
// done in another round or, if that has been in vain too often (giveUp), sets it
// aside, which is a SetAsideError. data is the result if it could be read. Somebody else
// may have rejected it already.
func (q *Queue) reject(ctx context.Context, key string, round int, data []byte, cause error, giveUp bool) error {
	digest := ""
	if data != nil {
		digest = digestOf(data)
	}
	for {
		s, revision, err := q.state(ctx, key)
		switch {
		case err != nil:
			return err
		case s.Phase == Failed && s.Round == round:
			return &SetAsideError{s}
		case s.Phase != Done || s.Round != round:
			return nil
		}
		// First the result goes: a job that is done and has none is done anew.
		if err := q.remove(ctx, key, digest); err != nil {
			return fmt.Errorf("queue: removing the result of %s: %w", key, err)
		}
		next := s
		next.Error, next.Lease, next.Done, next.Of = cause.Error(), "", 0, 0
		if giveUp {
			next.Attempts = maxRejected
			next.enter(Failed)
		} else {
			next.Attempts = 0
			next.Round++
			next.enter(Queued)
		}
		written, err := q.write(ctx, next, revision)
		switch {
		case err != nil:
			return err
		case written > 0 && next.Phase == Failed:
			return &SetAsideError{next}
		case written > 0:
			return nil
		}
	}
}
