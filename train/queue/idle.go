package queue

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// idleCheck is the greatest time between two looks at whether there is anything
// to do.
const idleCheck = 2 * time.Second

// awaitIdle sets idle when there has been nothing to do for long enough.
func (w *Worker) awaitIdle(ctx context.Context, running *atomic.Int64, idle *atomic.Bool) {
	for since := time.Now(); sleep(ctx, min(idleCheck, w.UntilIdle/4)) == nil; {
		if running.Load() > 0 || w.Queue.pending(ctx, w.Version) {
			since = time.Now()
		}
		if time.Since(since) >= w.UntilIdle {
			w.Log.Infof("nothing to do for %v: the worker ends", w.UntilIdle)
			idle.Store(true)
			return
		}
	}
}

// pending says whether a job of that version is queued or runs, as far as a
// server answers.
func (q *Queue) pending(ctx context.Context, version string) bool {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	stream, err := q.js.Stream(ctx, streamName)
	if err != nil {
		return false
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subjects))
	if err != nil {
		return false
	}
	for subject := range info.State.Subjects { // in no order: one is as good as another
		parts := strings.Split(subject, ".") // fairlb.jobs.KEY.ROUND
		if len(parts) != 4 || checkKey(parts[2]) != nil {
			continue // no job, which its first reader drops
		}
		entry, err := q.states.Get(ctx, parts[2])
		if err != nil {
			continue
		}
		s, err := decodeState(parts[2], entry.Value())
		if err != nil || s.Version == version && !s.Ended() {
			return true
		}
	}
	return false
}
