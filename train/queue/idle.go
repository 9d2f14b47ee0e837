package queue

import (
	"context"
	"sync/atomic"
	"time"
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
	found, err := q.anyJob(ctx, func(s *JobState) bool { return s.Version == version && !s.Ended() })
	return err == nil && found
}
