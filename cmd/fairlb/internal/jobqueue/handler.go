package jobqueue

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval/episodes"
	"fairlb/train"
	"fairlb/train/queue"
)

// NewWorker returns a worker that does the jobs of a queue, so many at a time.
func NewWorker(q *queue.Queue, name string, slots int, log logrus.FieldLogger) *queue.Worker {
	h := handler{q, log}
	return &queue.Worker{
		Queue: q, Handle: h.handle, Name: name, Version: Version(), Slots: slots, Log: log,
	}
}

// handler does jobs.
type handler struct {
	queue *queue.Queue
	log   logrus.FieldLogger
}

// handle is a queue.Handler. A job whose input is at fault is not tried again.
func (h handler) handle(ctx context.Context, j queue.Job, tell func(done, of int)) (result []byte, err error) {
	scratch, err := os.MkdirTemp("", "fairlb-job-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	start := time.Now()
	switch j.Kind {
	case job.TrainKind:
		result, err = h.train(ctx, j, scratch, tell)
	case job.EvalKind:
		result, err = h.evaluate(ctx, j, scratch, tell)
	case job.SearchKind:
		result, err = h.search(ctx, j, scratch, tell)
	default:
		err = invalid.Errorf("a job of kind %q: must be %s, %s or %s", j.Kind, job.TrainKind, job.EvalKind, job.SearchKind)
	}
	if err != nil {
		if invalid.Is(err) {
			err = queue.Permanent(err)
		}
		return nil, err
	}
	h.log.Debugf("%s %s: %.1f s", j.Kind, j.Title, time.Since(start).Seconds())
	return result, nil
}

// decode reads a job's payload.
func decode(j queue.Job, payload any) error {
	if err := json.Unmarshal(j.Payload, payload); err != nil {
		return invalid.Errorf("the payload of %s: %w", j.Title, err)
	}
	return nil
}

// train makes a training run and returns the bundle of its folder.
func (h handler) train(ctx context.Context, j queue.Job, scratch string, tell func(done, of int)) ([]byte, error) {
	var p trainPayload
	if err := decode(j, &p); err != nil {
		return nil, err
	}
	s, err := readScenario(p.Scenario, scratch)
	if err != nil {
		return nil, err
	}
	hyper, err := train.LoadHyperparameters(runfolder.HyperparametersName, []byte(p.Hyperparameters), nil)
	if err != nil {
		return nil, err
	}
	t := job.Training{Hyperparameters: hyper, Scenario: s}
	key, err := t.QueueKey()
	if err != nil {
		return nil, err
	}
	if key != j.Key {
		return nil, invalid.Errorf("%s: its settings are those of key %s, not of %s", j.Title, key, j.Key)
	}
	run := runfolder.Training{
		Hyperparameters: hyper, Scenario: s, Dir: filepath.Join(scratch, "run"), Command: p.Command, Workers: 1,
		Log: progress.Silent(), Progress: progress.Func(tell),
	}
	if err := run.Run(ctx); err != nil {
		return nil, err
	}
	return bundle(run.Dir)
}

// evaluate evaluates what the payload names and returns the report.
func (h handler) evaluate(ctx context.Context, j queue.Job, scratch string, tell func(done, of int)) ([]byte, error) {
	var p evalPayload
	if err := decode(j, &p); err != nil {
		return nil, err
	}
	s, err := readScenario(p.Scenario, scratch)
	if err != nil {
		return nil, err
	}
	var subject episodes.Target
	switch {
	case p.Run != "":
		subject, err = h.policy(ctx, s, &p, scratch)
		if err != nil {
			return nil, err
		}
	case len(p.Weights) > 0:
		subject = episodes.Target{Name: p.Name, Env: simulate.FixedWeights(s, p.Weights).Recorded()}
	case slices.Contains(dispatch.Names(), p.Name):
		subject = simulate.HeuristicTarget(s, p.Name)
	default:
		return nil, invalid.Errorf("%s: there is no heuristic %q", j.Title, p.Name)
	}
	return executor.Evaluate(ctx, s, p.Seeds, subject, tell)
}

// policy returns the policy of a run that the queue keeps.
func (h handler) policy(ctx context.Context, s scenario.Scenario, p *evalPayload, scratch string) (episodes.Target, error) {
	data, err := h.queue.Result(ctx, p.Run)
	if err != nil {
		return episodes.Target{}, err
	}
	if err := unbundle(data, scratch, train.CheckpointName); err != nil {
		return episodes.Target{}, err
	}
	t, err := target.Checkpoint(s, p.Title, filepath.Join(scratch, train.CheckpointName))
	if err != nil {
		return episodes.Target{}, err
	}
	if t.Hash != p.Policy {
		return episodes.Target{}, fmt.Errorf("%w: the queue's run %s has the policy %.12s, wanted is %.12s", checkpoint.ErrMismatch, p.Run, t.Hash, p.Policy)
	}
	return t.Target, nil
}

// search searches the best fixed weights and returns what it found.
func (h handler) search(ctx context.Context, j queue.Job, scratch string, tell func(done, of int)) ([]byte, error) {
	var p searchPayload
	if err := decode(j, &p); err != nil {
		return nil, err
	}
	s, err := readScenario(p.Scenario, scratch)
	if err != nil {
		return nil, err
	}
	var x fixedweights.Settings
	if err := settings.Load("search", []byte(p.Search), nil, &x); err != nil {
		return nil, err
	}
	found, err := fixedweights.Search(ctx, s, x, progress.Func(tell))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = found.Write(&out)
	return out.Bytes(), err
}
