// Package executor does the jobs of tables, studies and figures in this
// process. It is one of the two executors of package store, and does the work of
// the other's jobs, too: a worker of a queue calls its functions.
package executor

import (
	"bytes"
	"context"
	"runtime"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/eval/episodes"
)

// Local does jobs in this process, each on one core. The caller runs as many at
// a time as Parallelism says. Those in real time are done one at a time, whoever asks
// for them; that nothing else runs beside them is the caller's to see to.
type Local struct {
	Workers  int // at a time; 0: GOMAXPROCS
	Log      logrus.FieldLogger
	Progress progress.Display
}

var _ store.Executor = Local{}

// Train implements store.Executor.
func (l Local) Train(ctx context.Context, t *job.Training, dir string) error {
	training := runfolder.Training{
		Hyperparameters: t.Hyperparameters, Scenario: t.Scenario, Dir: dir, Workers: 1,
		Log: l.Log, Progress: progress.None{},
	}
	if t.Live {
		return l.trainLive(ctx, training)
	}
	return training.Make(ctx)
}

// Evaluate implements store.Executor.
func (l Local) Evaluate(ctx context.Context, e *job.Evaluation) ([]byte, error) {
	if e.Live {
		return l.evaluateLive(ctx, e)
	}
	return Evaluate(ctx, e.Scenario, e.Seeds, e.Target, nil)
}

// Search implements store.Executor.
func (l Local) Search(ctx context.Context, x *job.Search) (fixedweights.Found, error) {
	return fixedweights.Search(ctx, x.Scenario, x.Settings, progress.None{})
}

// Parallelism implements store.Executor.
func (l Local) Parallelism() int {
	if l.Workers > 0 {
		return l.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// OfOneJob implements store.Executor: no job has anything to do with another.
func (Local) OfOneJob(error) bool { return true }

// Bar implements store.Executor.
func (l Local) Bar(what string, jobs int) progress.Bar { return l.Progress.Bar(what, jobs) }

// Evaluate evaluates one target on one core and returns the report, as JSON with its
// sum (files.AddSum). progress, if not nil, is told how many of the episodes are done.
func Evaluate(ctx context.Context, s scenario.Scenario, seeds []uint64, target episodes.Target, progress func(done, of int)) ([]byte, error) {
	report, err := evaluate(ctx, s, seeds, target, progress)
	if err != nil {
		return nil, err
	}
	return sealed(report)
}

// evaluate evaluates one target on one core.
func evaluate(ctx context.Context, s scenario.Scenario, seeds []uint64, target episodes.Target, progress func(done, of int)) (*eval.Evaluation, error) {
	if err := bounds.Episodes(s, target.Actor != nil, "seeds", float64(len(seeds)), 1); err != nil {
		return nil, err
	}
	list, err := episodes.Run(ctx, episodes.Config{Seeds: seeds, Classes: s.ClassNames(), SameArrivals: s.SameArrivals(), Workers: 1, Progress: progress}, []episodes.Target{target})
	if err != nil {
		return nil, err
	}
	resolved, err := settings.JSON(s)
	if err != nil {
		return nil, err
	}
	return &eval.Evaluation{Scenario: s.Name, Settings: resolved, Seeds: seeds, DurationS: s.Duration, Results: list, Warnings: s.EvaluationDoubts(len(seeds))}, nil
}

// sealed is a report as JSON with its sum.
func sealed(report *eval.Evaluation) ([]byte, error) {
	var out bytes.Buffer
	if err := report.WriteJSON(&out); err != nil {
		return nil, err
	}
	return files.AddSum(out.Bytes()), nil
}
