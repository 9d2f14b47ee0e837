package jobqueue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval/episodes"
	"fairlb/train"
	"fairlb/train/queue"
)

// NewWorker returns a worker that does the jobs of a queue, so many at a time. What
// a worker that was killed has left on this machine is removed.
func NewWorker(q *queue.Queue, name string, slots int, log logrus.FieldLogger) *queue.Worker {
	if err := removeScratch(os.TempDir()); err != nil {
		log.WithError(err).Warn("what a worker has left was not removed")
	}
	h := handler{q, log}
	return &queue.Worker{
		Queue: q, Handle: h.handle, Name: name, Machine: machineName(), Version: Version(), Slots: slots, Log: log,
	}
}

// handler does jobs.
type handler struct {
	queue *queue.Queue
	log   logrus.FieldLogger
}

// handle is a queue.Handler. A job whose input is at fault is not tried again.
func (h handler) handle(ctx context.Context, j queue.Job, tell func(done, of int)) (result []byte, err error) {
	scratch, release, err := newScratch()
	if err != nil {
		return nil, err
	}
	defer release()
	start := time.Now()
	switch j.Kind {
	case job.TrainKind:
		result, err = h.train(ctx, j, scratch, tell)
	case job.EvalKind:
		result, err = h.evaluate(ctx, j, scratch, tell)
	case job.SearchKind:
		result, err = h.search(ctx, j, tell)
	default:
		err = invalid.Errorf("a job of kind %q: must be %s, %s or %s", j.Kind, job.TrainKind, job.EvalKind, job.SearchKind)
	}
	if err != nil {
		if payloadsFault(err) {
			err = queue.Permanent(err)
		}
		return nil, err
	}
	h.log.Debugf("%s %s: %.1f s", j.Kind, j.Title, time.Since(start).Seconds())
	return result, nil
}

// payloadsFault says whether an error of a job comes from its payload, so that every
// try ends in it. A job names no files: one that is missing, full, in the way or
// cannot be used otherwise is this machine's, and this moment's.
func payloadsFault(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	var number syscall.Errno
	return invalid.Is(err) && !errors.As(err, &path) && !errors.As(err, &link) && !errors.As(err, &number) && !errors.Is(err, fs.ErrNotExist)
}

// decode reads a job's payload.
func decode(j queue.Job, payload any) error {
	d := json.NewDecoder(bytes.NewReader(j.Payload))
	d.DisallowUnknownFields()
	if err := d.Decode(payload); err != nil {
		return invalid.Errorf("the payload of %s: %w", j.Title, err)
	}
	return nil
}

// sameKey reports a job whose payload is not that of its key: its result would be
// taken for another's.
func sameKey(j queue.Job, key string, err error) error {
	if err == nil && key != j.Key {
		err = invalid.Errorf("%s: its settings are those of key %s, not of %s", j.Title, key, j.Key)
	}
	return err
}

// train makes a training run and returns the bundle of its folder.
func (h handler) train(ctx context.Context, j queue.Job, scratch string, tell func(done, of int)) ([]byte, error) {
	var p trainPayload
	if err := decode(j, &p); err != nil {
		return nil, err
	}
	s, err := readScenario(p.Scenario)
	if err != nil {
		return nil, err
	}
	hyperparameters, err := train.LoadHyperparameters(runfolder.HyperparametersName, []byte(p.Hyperparameters), nil)
	if err != nil {
		return nil, err
	}
	t := job.Training{Hyperparameters: hyperparameters, Scenario: s}
	key, err := t.QueueKey()
	if err := sameKey(j, key, err); err != nil {
		return nil, err
	}
	run := runfolder.Training{
		Hyperparameters: hyperparameters, Scenario: s, Dir: filepath.Join(scratch, "run"), Command: p.Command, Workers: 1,
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
	s, err := readScenario(p.Scenario)
	if err != nil {
		return nil, err
	}
	target := job.EvaluationTarget{Name: p.Name}
	switch {
	case p.Run != "":
		target.Hash = p.Policy
	case len(p.Weights) > 0:
		if target, err = fixedWeights(s, p.Weights); err != nil {
			return nil, fmt.Errorf("%s: %w", j.Title, err)
		}
	case dispatch.Check(p.Name) == nil:
		target = job.Heuristic(s, p.Name)
	default:
		return nil, invalid.Errorf("%s: there is no heuristic %q", j.Title, p.Name)
	}
	target.Title = p.Title
	e := job.Evaluation{EvaluationTarget: target, Scenario: s, Seeds: p.Seeds}
	key, err := e.QueueKey()
	if err := sameKey(j, key, err); err != nil {
		return nil, err
	}
	if p.Run != "" {
		if e.Target, err = h.policy(ctx, s, &p, scratch); err != nil {
			return nil, err
		}
	}
	return executor.Evaluate(ctx, s, p.Seeds, e.Target, tell)
}

// fixedWeights checks weights, one a group of servers, and returns them as the target
// of an evaluation.
func fixedWeights(s scenario.Scenario, weights []float64) (job.EvaluationTarget, error) {
	if len(weights) != len(s.Servers) {
		return job.EvaluationTarget{}, invalid.Errorf("%d weights for %d groups of servers", len(weights), len(s.Servers))
	}
	for _, w := range weights {
		if !(w > 0) || math.IsInf(w, 0) {
			return job.EvaluationTarget{}, invalid.Errorf("a weight of %g: must be positive", w)
		}
	}
	return job.FixedWeights(s, weights), nil
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
func (h handler) search(ctx context.Context, j queue.Job, tell func(done, of int)) ([]byte, error) {
	var p searchPayload
	if err := decode(j, &p); err != nil {
		return nil, err
	}
	s, err := readScenario(p.Scenario)
	if err != nil {
		return nil, err
	}
	x := job.Search{Scenario: s}
	if err := settings.Load("search", []byte(p.Search), nil, &x.Settings); err != nil {
		return nil, err
	}
	key, err := x.QueueKey()
	if err := sameKey(j, key, err); err != nil {
		return nil, err
	}
	found, err := fixedweights.Search(ctx, s, x.Settings, progress.Func(tell))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = found.Write(&out)
	return out.Bytes(), err
}
