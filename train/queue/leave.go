package queue

import (
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A machine that is at fault, whose disk is full, say, fails each job at once and
// is free for the next while the others work: it would use up the attempts of
// one job after the other. So a machine that has failed a job leaves it to
// others: to those that are free, by waiting for twice RetryDelay, and to those
// that are busy, as long as they are.

// machine names what w runs on, as states do.
func (w *Worker) machine() string {
	if w.Machine == "" {
		return shortened(w.Name)
	}
	return shortened(w.Machine)
}

// leaves says whether the worker leaves a job to other machines because its own
// is one of those that have failed it.
func (w *Worker) leaves(ctx context.Context, s *JobState) (bool, error) {
	if !slices.Contains(s.FailedOn, w.machine()) {
		return false, nil
	}
	busy, err := w.Queue.busyElsewhere(ctx, s)
	if err != nil {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if busy {
		w.othersBusy = now
	}
	patience := 2 * w.retryDelay()
	failedNow := s.Phase == Queued && now.Sub(s.Since) < patience
	return failedNow || now.Sub(w.othersBusy) < patience, nil
}

// busyElsewhere says whether a machine that has not failed a job runs another of
// its version.
func (q *Queue) busyElsewhere(ctx context.Context, of *JobState) (bool, error) {
	return q.anyJob(ctx, func(s *JobState) bool {
		return s.Phase == Running && s.Version == of.Version && s.Key != of.Key && !slices.Contains(of.FailedOn, s.Machine)
	})
}

// anyJob says whether a condition holds for a job that has a message. A message
// whose state cannot be read is none.
func (q *Queue) anyJob(ctx context.Context, holds func(*JobState) bool) (bool, error) {
	var info *jetstream.StreamInfo
	err := retry(ctx, func(ctx context.Context) error {
		stream, err := q.js.Stream(ctx, streamName)
		if err != nil {
			return err
		}
		info, err = stream.Info(ctx, jetstream.WithSubjectFilter(subjects))
		return err
	})
	if err != nil {
		return false, err
	}
	for subject := range info.State.Subjects { // in no order: one is as good as another
		key, ok := keyOf(subject)
		if !ok {
			continue // no job, which its first reader drops
		}
		entry, err := q.states.Get(ctx, key)
		if err != nil {
			continue
		}
		if s, err := decodeState(key, entry.Value()); err == nil && holds(&s) {
			return true, nil
		}
	}
	return false, nil
}
