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
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/env/file"
	"fairlb/train"
	"fairlb/train/queue"
)

// Executor has jobs done by the workers of a queue.
type Executor struct {
	queue   *queue.Queue
	watch   *queue.Watch
	display *display

	uploads singleflight.Group // in progress, by key
	mu      sync.Mutex
	queued  map[string]bool // keys of runs that the queue has, as this process has seen
}

var _ store.Executor = (*Executor)(nil)

// parallelism is how many jobs are waited for at a time: enough for any number
// of workers, few enough that what comes first is done first.
const parallelism = 256

// Parallelism implements store.Executor.
func (*Executor) Parallelism() int { return parallelism }

// OfOneJob implements store.Executor: a job that was set aside is its own fault,
// and so is a result or a file that cannot be used. A queue that does not answer
// stops all.
func (*Executor) OfOneJob(err error) bool {
	return errors.Is(err, queue.ErrSetAside) || errors.Is(err, queue.ErrUnusable) || invalid.Is(err)
}

// Bar implements store.Executor: each job is shown by itself.
func (*Executor) Bar(string, int) progress.Bar { return progress.None{}.Bar("", 0) }

// do has one job done and returns its result, which has passed the check. An
// error of the check that is the result's is queue.ErrUnusable: it is made anew.
func (x *Executor) do(ctx context.Context, key, kind, title string, payload any, check func(result []byte) error) ([]byte, error) {
	text, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	x.display.follow(key)
	return x.watch.Do(ctx, queue.Job{Key: key, Kind: kind, Title: title, Version: Version(), Payload: text}, check)
}

// unusable marks an error as that of a result, if there is one.
func unusable(err error) error {
	if err == nil || errors.Is(err, queue.ErrUnusable) {
		return err
	}
	return fmt.Errorf("%w: %w", queue.ErrUnusable, err)
}

// refuseLive refuses a job in real time: a worker does several jobs at a time, and what is
// measured beside other work is no measurement.
func refuseLive(live bool, title string) error {
	if live {
		return invalid.Errorf("%s: runs in real time, alone on its machine, which no queue promises: run without --queue", title)
	}
	return nil
}

// Train implements store.Executor.
func (x *Executor) Train(ctx context.Context, t *job.Training, dir string) error {
	if err := refuseLive(t.Live, t.Title); err != nil {
		return err
	}
	key, err := t.QueueKey()
	if err != nil {
		return err
	}
	payload, err := newTrainPayload(t, dir)
	if err != nil {
		return err
	}
	_, err = x.do(ctx, key, job.TrainKind, t.Title, payload, func(data []byte) error {
		return runfolder.Unpack(dir, func(partial string) error {
			if err := unbundle(data, partial); err != nil {
				return err
			}
			return unusable(checkRun(ctx, t, partial))
		})
	})
	if err == nil {
		x.note(key, true)
	}
	return err
}

// checkRun reports a run in the folder dir, which comes from a worker, that is not
// the training's, not whole, or not at its end.
func checkRun(ctx context.Context, t *job.Training, dir string) error {
	text, err := file.Read(filepath.Join(dir, runfolder.ScenarioName), maxFile)
	if err != nil {
		return err
	}
	if _, err := readScenario(string(text)); err != nil { // before anybody opens what it names
		return err
	}
	if err := t.CheckRun(dir); err != nil {
		return err
	}
	run := runfolder.Read(dir)
	if err := run.Verify(ctx, false); err != nil {
		return err
	}
	switch {
	case len(run.Faults) > 0:
		return invalid.Errorf("%s", strings.Join(run.Faults, "; "))
	case !run.Complete():
		return invalid.Errorf("%s: is not at its end", dir)
	case run.Policy.Meta.Method != t.Hyperparameters.Method:
		return invalid.Errorf("%s: is of method %s", run.Policy.Path, run.Policy.Meta.Method)
	}
	return nil
}

// Evaluate implements store.Executor.
func (x *Executor) Evaluate(ctx context.Context, e *job.Evaluation) ([]byte, error) {
	if err := refuseLive(e.Live, e.Describe()); err != nil {
		return nil, err
	}
	key, err := e.QueueKey()
	if err != nil {
		return nil, err
	}
	payload, err := newEvalPayload(e)
	if err != nil {
		return nil, err
	}
	evaluate := func() ([]byte, error) {
		return x.do(ctx, key, job.EvalKind, e.Describe(), payload, func(data []byte) error {
			result, err := e.CheckReport(data)
			if err == nil && result.Target != e.Target.Name {
				err = invalid.Errorf("is the record of an evaluation of %q", result.Target)
			}
			return unusable(err)
		})
	}
	if e.Run == nil {
		return evaluate()
	}
	if _, err := x.upload(ctx, e); err != nil {
		return nil, err
	}
	report, err := evaluate()
	if errors.Is(err, queue.ErrSetAside) {
		// Perhaps the queue's copy of the run was damaged after it had been checked.
		x.note(e.Run.QueueKey, false)
		replaced, uploadErr := x.upload(ctx, e)
		switch {
		case uploadErr != nil:
			return nil, errors.Join(err, uploadErr)
		case replaced:
			return evaluate()
		}
	}
	return report, err
}

// note notes whether the queue has a run.
func (x *Executor) note(key string, present bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.queued == nil {
		x.queued = map[string]bool{}
	}
	x.queued[key] = present
}

// upload gives the run of an evaluation's policy to the queue, if the queue has
// none, or one of another policy or damaged: it may have been made without the
// queue. It says whether it did.
func (x *Executor) upload(ctx context.Context, e *job.Evaluation) (replaced bool, err error) {
	key := e.Run.QueueKey
	x.mu.Lock()
	present := x.queued[key]
	x.mu.Unlock()
	if present {
		return false, nil
	}
	done, err, _ := x.uploads.Do(key, func() (any, error) {
		data, err := x.queue.Result(ctx, key)
		if err == nil {
			err = checkPolicy(data, e.Hash)
		}
		switch {
		case err == nil:
			x.note(key, true)
			return false, nil
		case !errors.Is(err, queue.ErrUnusable) && !errors.Is(err, queue.ErrNoResult):
			return false, err
		}
		if data, err = bundle(e.Run.Dir); err != nil {
			return false, err
		}
		if err := x.queue.Put(ctx, key, data); err != nil {
			return false, err
		}
		x.note(key, true)
		return true, nil
	})
	replaced, _ = done.(bool)
	return replaced, err
}

// checkPolicy reports a bundle that has not the policy of that hash.
func checkPolicy(data []byte, hash string) error {
	scratch, release, err := newScratch()
	if err != nil {
		return err
	}
	defer release()
	if err := unbundle(data, scratch, train.CheckpointName); err != nil {
		return err
	}
	meta, _, err := checkpoint.Load(filepath.Join(scratch, train.CheckpointName))
	if err == nil && meta.ContentSHA256 != hash {
		err = fmt.Errorf("%w: the policy %.12s, wanted is %.12s", checkpoint.ErrMismatch, meta.ContentSHA256, hash)
	}
	return unusable(err)
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
	var found fixedweights.Found
	_, err = x.do(ctx, key, job.SearchKind, fixedweights.TargetName+" on "+s.Scenario.Name, payload, func(data []byte) (err error) {
		found, err = s.CheckFound(data)
		return unusable(err)
	})
	return found, err
}
