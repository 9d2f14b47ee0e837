package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"
)

// Watch follows where all jobs of a queue stand.
type Watch struct {
	queue   *Queue
	changed func(JobState)

	mu     sync.Mutex
	states map[string]JobState
	wake   chan struct{} // closed at the next change
}

// recheck is how often a state that is waited for is asked for, lest a lost
// change be waited for without end.
const recheck = 10 * time.Second

// Watch begins to follow the jobs, until ctx is cancelled. changed, if not nil,
// is called with each state that is new, from one goroutine.
func (q *Queue) Watch(ctx context.Context, changed func(JobState)) *Watch {
	w := &Watch{queue: q, changed: changed, states: map[string]JobState{}, wake: make(chan struct{})}
	go func() {
		for ctx.Err() == nil {
			w.follow(ctx)
			_ = sleep(ctx, time.Second)
		}
	}()
	return w
}

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
			var s JobState
			if json.Unmarshal(entry.Value(), &s) == nil && s.Key == entry.Key() {
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
	ticker := time.NewTicker(recheck)
	defer ticker.Stop()
	for {
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
			s, revision, err := w.queue.state(ctx, key)
			if err != nil {
				return JobState{}, err
			}
			if revision > 0 && s.Round >= round && s.Ended() {
				return s, nil
			}
		}
	}
}

// Do submits a job, waits for its end and returns its result, or a
// SetAsideError.
func (w *Watch) Do(ctx context.Context, job Job) ([]byte, error) {
	round, err := w.queue.Submit(ctx, job)
	if err != nil {
		return nil, err
	}
	s, err := w.Wait(ctx, job.Key, round)
	if err != nil {
		return nil, err
	}
	if s.Phase == Failed {
		return nil, &SetAsideError{s}
	}
	return w.queue.settled(ctx, job.Key)
}

// settled is the result of a job that is done. The server of a cluster that is
// asked may not know of it yet.
func (q *Queue) settled(ctx context.Context, key string) ([]byte, error) {
	for end := time.Now().Add(recheck); ; {
		data, err := q.Result(ctx, key)
		if !errors.Is(err, ErrNoResult) || time.Now().After(end) {
			return data, err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}
