// Package jobqueue does the jobs of tables and studies through a queue of
// package train/queue, whose workers may be on any machine that reaches it.
// Executor sends the jobs and waits for their results; a worker's handler does
// them by package executor (handler.go). What both must agree on, the payloads
// and the version of the program, is in payload.go.
package jobqueue

import (
	"context"
	"encoding/json"
	"errors"

	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/train/queue"
)

// Executor has jobs done by the workers of a queue.
type Executor struct {
	queue   *queue.Queue
	watch   *queue.Watch
	display *display
}

var _ store.Executor = (*Executor)(nil)

// parallelism is how many jobs are waited for at a time: enough for any number
// of workers, few enough that what comes first is done first.
const parallelism = 256

// Parallelism implements store.Executor.
func (*Executor) Parallelism() int { return parallelism }

// OfOneJob implements store.Executor: a job that was set aside is its own fault.
func (*Executor) OfOneJob(err error) bool { return errors.Is(err, queue.ErrSetAside) }

// Bar implements store.Executor: each job is shown by itself.
func (*Executor) Bar(string, int) progress.Bar { return progress.None{}.Bar("", 0) }

// do has one job done and returns its result.
func (x *Executor) do(ctx context.Context, key, kind, title string, payload any) ([]byte, error) {
	text, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	x.display.follow(key)
	return x.watch.Do(ctx, queue.Job{Key: key, Kind: kind, Title: title, Version: Version(), Payload: text}, nil)
}

// Train implements store.Executor.
func (x *Executor) Train(ctx context.Context, t *job.Training, dir string) error {
	key, err := t.QueueKey()
	if err != nil {
		return err
	}
	payload, err := newTrainPayload(t, dir)
	if err != nil {
		return err
	}
	data, err := x.do(ctx, key, job.TrainKind, t.Title, payload)
	if err != nil {
		return err
	}
	return runfolder.Unpack(dir, func(partial string) error { return unbundle(data, partial) })
}

// Evaluate implements store.Executor.
func (x *Executor) Evaluate(ctx context.Context, e *job.Evaluation) ([]byte, error) {
	key, err := e.QueueKey()
	if err != nil {
		return nil, err
	}
	payload, err := newEvalPayload(e)
	if err != nil {
		return nil, err
	}
	if e.Run != nil {
		if err := x.upload(ctx, e.Run); err != nil {
			return nil, err
		}
	}
	return x.do(ctx, key, job.EvalKind, e.Describe(), payload)
}

// upload gives a run's folder to the queue, if it was made without the queue.
func (x *Executor) upload(ctx context.Context, run *job.Run) error {
	there, err := x.queue.Has(ctx, run.QueueKey)
	if err != nil || there {
		return err
	}
	data, err := bundle(run.Dir)
	if err != nil {
		return err
	}
	return x.queue.Put(ctx, run.QueueKey, data)
}

// Search implements store.Executor.
func (x *Executor) Search(ctx context.Context, s *job.Search) (fixedweights.Found, error) {
	key, err := s.QueueKey()
	if err != nil {
		return fixedweights.Found{}, err
	}
	payload, err := newSearchPayload(s)
	if err != nil {
		return fixedweights.Found{}, err
	}
	data, err := x.do(ctx, key, job.SearchKind, fixedweights.TargetName+" on "+s.Scenario.Name, payload)
	if err != nil {
		return fixedweights.Found{}, err
	}
	return fixedweights.Read(data, s.Scenario, s.Settings)
}
