package queue

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nuid"
)

// lease is the right to write a job's state, which a worker has from taking a
// delivery until another takes a later one.
type lease struct {
	queue *Queue

	mu       sync.Mutex
	state    JobState
	revision uint64
}

// verdict is what a worker does with a delivery.
type verdict int

const (
	take   verdict = iota // run it
	finish                // acknowledge it: the result is there
	drop                  // terminate it: stale, or set aside
	refuse                // leave it to a worker of its version
	leave                 // leave it to another machine
)

// acquire decides what is done with a delivery and, if it is taken, writes that
// the worker runs it.
func (w *Worker) acquire(ctx context.Context, d delivery) (*lease, verdict, error) {
	name := nuid.Next()
	for {
		s, revision, err := w.Queue.state(ctx, d.Key)
		if err != nil {
			return nil, refuse, err
		}
		switch {
		case s.Round > d.Round:
			return nil, drop, nil
		case s.Lease == name: // a write whose answer was lost
			return &lease{queue: w.Queue, state: s, revision: revision}, take, nil
		case s.Phase == Done:
			return nil, finish, nil
		case s.Phase == Failed:
			return nil, drop, nil
		}
		next := s
		next.Key, next.Kind, next.Title, next.Version, next.Round = d.Key, d.Kind, d.Title, d.Version, d.Round
		next.Lease, next.Done, next.Of, next.Note = name, 0, 0, ""
		if s.Phase == Running { // and is delivered again: its worker went away
			next.failedOn(s.Machine)
		}
		what := take
		_, broken := w.Queue.Result(ctx, d.Key)
		switch {
		case broken == nil:
			next.enter(Done)
			what = finish
		case d.Version != w.Version:
			what = refuse
			next.Lease = s.Lease
			next.enter(Queued)
			next.Note = fmt.Sprintf("worker %s of version %q refuses it: it is for version %q", w.Name, w.Version, d.Version)
			if s.Note != "" {
				return nil, refuse, nil // once is enough
			}
		case s.Attempts >= w.attempts():
			what = drop
			next.Error = fmt.Sprintf("its workers went away, last %s", s.Worker)
			if s.Error != "" {
				next.Error += "; before: " + s.Error
			}
			next.enter(Failed)
		default:
			switch leaves, err := w.leaves(ctx, &next); {
			case err != nil:
				return nil, refuse, err
			case leaves && s.Phase != Running:
				return nil, leave, nil
			case leaves:
				what = leave
				next.Lease = s.Lease
				next.enter(Queued)
			default:
				next.Attempts++
				next.Worker, next.Machine = w.Name, w.machine()
				next.enter(Running)
			}
		}
		written, err := w.Queue.write(ctx, next, revision)
		if err != nil {
			return nil, refuse, err
		}
		switch {
		case written == 0: // somebody else wrote meanwhile
		case what == take:
			return &lease{queue: w.Queue, state: next, revision: written}, take, nil
		default:
			return nil, what, nil
		}
	}
}

// enter begins a phase.
func (s *JobState) enter(p Phase) {
	if s.Phase != p || p == Running {
		s.Since = time.Now().UTC()
	}
	s.Phase = p
}

// set changes the state and writes it, or returns errLost.
func (l *lease) set(ctx context.Context, change func(*JobState)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.state
	change(&next)
	for {
		written, err := l.queue.write(ctx, next, l.revision)
		if err != nil {
			return err
		}
		if written > 0 {
			l.state, l.revision = next, written
			return nil
		}
		now, revision, err := l.queue.state(ctx, next.Key)
		if err != nil {
			return err
		}
		if now.Lease != next.Lease {
			return errLost
		}
		l.revision = revision // after a write whose answer was lost
	}
}
