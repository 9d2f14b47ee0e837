package affinity

import (
	"context"
	"fmt"
	"sync"

	"fairlb/env"
	"fairlb/eval/episodes"
)

// Watched is what is counted of the episodes of one target.
type Watched struct {
	windows int
	length  float64 // s, of a window

	mutex    sync.Mutex
	episodes map[uint64]Counts // by seed
}

// Watch returns the target, and what is counted of each episode that it plays: the
// requests that arrive in each of so many equal windows of an episode's duration (s).
func Watch(t episodes.Target, windows int, duration float64) (episodes.Target, *Watched) {
	w := &Watched{windows: windows, length: duration / float64(windows), episodes: map[uint64]Counts{}}
	open := t.Env
	t.Env = func(rec env.Recorder) (env.Env, error) {
		counting := &countingRecorder{Recorder: rec, watched: w}
		e, err := open(counting)
		if err != nil {
			return nil, err
		}
		return &watchedEnv{Env: e, recorder: counting}, nil
	}
	return t, w
}

// Of returns the figures of the episode of a seed that has been played.
func (w *Watched) Of(seed uint64) (Figures, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	c, ok := w.episodes[seed]
	if !ok {
		return Figures{}, fmt.Errorf("affinity: no episode of seed %d was played", seed)
	}
	for _, n := range c[len(c)-1] {
		for _, requests := range n {
			if requests > 0 {
				return Measure(c), nil
			}
		}
	}
	return Figures{}, fmt.Errorf("affinity: the last window of seed %d has no requests: choose fewer windows", seed)
}

// begin makes room for the episode of a seed.
func (w *Watched) begin(seed uint64, spec env.Spec) Counts {
	c := NewCounts(w.windows, spec.Agents, spec.Servers)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.episodes[seed] = c
	return c
}

// countingRecorder counts requests and passes them on.
type countingRecorder struct {
	env.Recorder
	watched *Watched
	counts  Counts // of the present episode
}

// Record implements env.Recorder.
func (r *countingRecorder) Record(o env.Outcome) {
	if o.Server >= 0 && r.counts != nil {
		window := min(int(o.Arrival/r.watched.length), len(r.counts)-1)
		r.counts[window][o.LB][o.Server]++
	}
	r.Recorder.Record(o)
}

// Sample implements env.Sampler, for a recorder that is one.
func (r *countingRecorder) Sample(now float64, t *env.Truth) {
	if s, ok := r.Recorder.(env.Sampler); ok {
		s.Sample(now, t)
	}
}

// watchedEnv tells the recorder which episode is played.
type watchedEnv struct {
	env.Env
	recorder *countingRecorder
}

// Reset implements env.Env.
func (e *watchedEnv) Reset(ctx context.Context, seed uint64) (env.Step, error) {
	e.recorder.counts = e.recorder.watched.begin(seed, e.Spec())
	return e.Env.Reset(ctx, seed)
}

// Drain implements env.Drainer.
func (e *watchedEnv) Drain(ctx context.Context) error {
	if d, ok := e.Env.(env.Drainer); ok {
		return d.Drain(ctx)
	}
	return nil
}
