package executor

import (
	"context"

	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/realtime"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/eval"
	"fairlb/results/text"
)

// evaluateLive plays an evaluation in real time, again where the machine did not keep up.
// The report of one in which it never did says so.
func (l Local) evaluateLive(ctx context.Context, e *job.Evaluation) ([]byte, error) {
	var report *eval.Evaluation
	doubts, err := realtime.Play(ctx, e.Scenario, e.Source, l.Log, func(live target.Target) (err error) {
		report, err = evaluate(ctx, e.Scenario, e.Seeds, live.Target, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	report.Results[0].Live, report.Results[0].NoMeasurement = true, doubts
	report.Notes = loopback.Differences(e.Scenario)
	return sealed(report)
}

// trainLive makes a training run in real time.
func (l Local) trainLive(ctx context.Context, t runfolder.Training) error {
	release, err := realtime.Alone(ctx, l.Log)
	if err != nil {
		return err
	}
	defer release()
	doubts, first := 0, ""
	t.Open = loopback.Training(func(_ uint64, doubt string) {
		if doubts++; doubts == 1 {
			first = doubt
		}
	}, func(uint64, string) {})
	err = t.Make(ctx)
	if doubts > 0 {
		l.Log.Warnf("%s: this machine did not keep up %s; the first: %s", t.Dir, text.Count(doubts, "time"), first)
	}
	return err
}
