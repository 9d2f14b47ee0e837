package tables

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/message"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/env/scenario"
	"fairlb/eval"
	"fairlb/eval/paper"
)

// liveOverhead is about how long a live run takes beside its traffic, in s: servers and
// load balancers begin, requests in flight end.
const liveOverhead = 2

// liveRuns are the live runs of a policy in a scenario.
type liveRuns struct {
	bySeed  []*eval.Result // in the order of the seeds, of one seed each; nil: not played
	notLive error          // why there can be none
}

// liveRun is an episode in real time: of a policy in a scenario, on the k-th of its seeds.
type liveRun struct {
	paper.Key
	k int
}

// String names the run in a line.
func (x liveRun) describe(p paper.Profile) string {
	return fmt.Sprintf("%s live on %s, seed %d", Describe(x.Policy), x.Scenario, p.SeedsFor(x.Scenario)[x.k])
}

// fillLive trains policies and evaluates everything in the simulator, several jobs at a
// time, and then plays what is missing in real time, one run after another: the first seed
// of everything before the second, so that what changes on the machine in the meantime
// meets all alike. Trainings in real time come first, one after another, too.
func (r *Results) fillLive(ctx context.Context, jobs []paper.Job) error {
	trainings, runs, err := r.missingLive(jobs)
	if err != nil {
		return err
	}
	r.announceLive(trainings, runs)
	var failures job.Failures
	if err := failures.Keep(r.trainLive(ctx, trainings), true); err != nil {
		return err
	}
	if err := r.simulate(ctx, jobs); err != nil {
		partial := (*job.PartialError)(nil)
		if err := failures.Keep(err, errors.As(err, &partial)); err != nil {
			return err
		}
	}
	return failures.Join(failures.Keep(r.playLive(ctx, runs), true))
}

// missingLive notes what is recorded of the live runs of jobs, and lists what is missing:
// the jobs whose policies are still to be trained in real time, and the runs.
func (r *Results) missingLive(jobs []paper.Job) (trainings []paper.Job, runs []liveRun, err error) {
	for _, j := range jobs {
		trained := true
		if j.Learned() {
			t, err := r.Training(j.Policy)
			if err != nil {
				return nil, nil, err
			}
			if _, trained, err = r.RunFolder(&t); err != nil {
				return nil, nil, err
			}
			if !trained && t.Live {
				trainings = append(trainings, j)
			}
		}
		for _, name := range j.Scenarios {
			key := paper.Key{Policy: j.Policy, Scenario: name}
			if err := r.recordedLive(key, trained); err != nil {
				return nil, nil, err
			}
			for k, result := range r.live[key].bySeed {
				if result == nil && r.live[key].notLive == nil {
					runs = append(runs, liveRun{key, k})
				}
			}
		}
	}
	slices.SortStableFunc(runs, func(a, b liveRun) int { return a.k - b.k })
	return trainings, runs, nil
}

// recordedLive notes which live runs of a policy, which is trained or not yet, are recorded,
// or why there can be none.
func (r *Results) recordedLive(key paper.Key, trained bool) error {
	seeds := r.Profile.SeedsFor(key.Scenario)
	cell := &liveRuns{bySeed: make([]*eval.Result, len(seeds))}
	r.live[key] = cell
	heuristic := key.Method
	if key.Learned() {
		heuristic = ""
	}
	s, err := scenario.Load(key.Scenario, nil)
	if err != nil {
		return err
	}
	if err := loopback.Check(s, heuristic); errors.Is(err, loopback.ErrNotLive) {
		cell.notLive = err
		return nil
	} else if err != nil {
		return err
	}
	if !trained {
		return nil
	}
	e, err := r.evaluation(key.Policy, key.Scenario)
	if err != nil {
		return err
	}
	e.Live = true
	for k := range seeds {
		e.Seeds = seeds[k : k+1]
		result, ok, err := r.Evaluated(&e)
		if ok && err == nil && !(r.Again && len(result.NoMeasurement) > 0) { // what is damaged is made again
			cell.bySeed[k] = &result
		}
	}
	return nil
}

// liveEvaluation is the evaluation that a live run is.
func (r *Results) liveEvaluation(x liveRun) (job.Evaluation, error) {
	e, err := r.evaluation(x.Policy, x.Scenario)
	e.Live, e.Seeds = true, r.Profile.SeedsFor(x.Scenario)[x.k:x.k+1]
	return e, err
}

// liveSeconds is about how long a live run takes.
func (r *Results) liveSeconds() float64 { return r.Profile.EvalDuration + liveOverhead }

// trainingSeconds is about how long a training in real time takes, without its updates.
func (r *Results) trainingSeconds(training string) float64 {
	return float64(r.Profile.TrainingEpisodes(training)) * (r.Profile.EpisodeDuration + liveOverhead)
}

// announceLive says about how long what is missing will take.
func (r *Results) announceLive(trainings []paper.Job, runs []liveRun) {
	if len(trainings) > 0 {
		seconds := 0.0
		for _, j := range trainings {
			seconds += r.trainingSeconds(j.Training)
		}
		r.Log.Infof("%d trainings in real time are missing: about %s, one after another, and their updates", len(trainings), progress.Roughly(seconds))
	}
	if len(runs) > 0 {
		r.Log.Infof("%d live runs of %g s are missing: about %s, one after another, when all is trained and simulated; what is played stays, if this is stopped",
			len(runs), r.Profile.EvalDuration, progress.Roughly(float64(len(runs))*r.liveSeconds()))
	}
}

// trainLive makes trainings in real time, one after another.
func (r *Results) trainLive(ctx context.Context, jobs []paper.Job) error {
	bar := r.Bar("training in real time", len(jobs))
	defer bar.Close()
	var list []func(context.Context) error
	for k, j := range jobs {
		list = append(list, func(ctx context.Context) error {
			t, err := r.Training(j.Policy)
			if err == nil {
				_, err = r.Train(ctx, &t)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", Describe(j.Policy), err)
			}
			bar.Set(k+1, "")
			r.Log.WithFields(logrus.Fields{"done": k + 1, "of": len(jobs)}).Infof("%s, in real time", Describe(j.Policy))
			return nil
		})
	}
	return job.RunAll(ctx, 1, r.OfOneJob, list)
}

// playLive plays runs in real time, one after another.
func (r *Results) playLive(ctx context.Context, runs []liveRun) error {
	bar := r.Bar("live runs", len(runs))
	defer bar.Close()
	left := map[string]int{}
	for _, x := range runs {
		left[x.Scenario]++
	}
	pace := progress.NewPace(left, 1)
	var list []func(context.Context) error
	for k, x := range runs {
		list = append(list, func(ctx context.Context) error {
			if _, simulated := r.evaluated[x.Key]; !simulated {
				return nil // its training or evaluation has failed, as has been said
			}
			began := time.Now()
			if err := r.play(ctx, x); err != nil {
				return fmt.Errorf("%s: %w", x.describe(r.Profile), err)
			}
			pace.Done(x.Scenario, time.Since(began))
			progress.SetLeft(bar, k+1, pace.Left())
			r.Log.WithFields(logrus.Fields{"done": k + 1, "of": len(runs), "left": "about " + progress.Roughly(pace.Left().Seconds())}).Info(x.describe(r.Profile))
			return nil
		})
	}
	return job.RunAll(ctx, 1, r.OfOneJob, list)
}

// play plays a run in real time, or notes that it cannot be had.
func (r *Results) play(ctx context.Context, x liveRun) error {
	cell := r.live[x.Key]
	if cell.notLive != nil {
		return nil
	}
	e, err := r.liveEvaluation(x)
	if err != nil {
		return err
	}
	if r.Again {
		if err := r.Forget(&e); err != nil {
			return err
		}
	}
	result, err := r.Evaluate(ctx, &e)
	switch {
	case errors.Is(err, loopback.ErrNotLive):
		cell.notLive = err
		return nil
	case err != nil:
		return err
	}
	if doubts := result.NoMeasurement; len(doubts) > 0 {
		r.Log.Warnf("%s: no measurement: %s", x.describe(r.Profile), strings.Join(doubts, "; "))
	}
	cell.bySeed[x.k] = &result
	return nil
}

// liveCell sums up the live runs of a cell that were measurements, and says what is to be
// said beside. It is measured if one of them was.
func (r *Results) liveCell(t paper.Table, row, col int) (m paper.Measurement, beside paper.LiveCell, measured bool) {
	column := t.Columns[col]
	var all, completed eval.Replicates
	var requests, failed uint64
	known := true // what the completed requests of all runs came to
	for _, key := range t.Keys(row, col, r.Profile) {
		cell := r.live[key]
		if cell == nil {
			return m, beside, false
		}
		if cell.notLive != nil {
			beside.NotLive = message.Of(cell.notLive)
			return m, beside, false
		}
		ofAll, ofCompleted := missingSeeds(len(cell.bySeed)), missingSeeds(len(cell.bySeed))
		for k, result := range cell.bySeed {
			switch {
			case result == nil:
				continue
			case len(result.NoMeasurement) > 0:
				beside.LeftOut++
				continue
			}
			figures := result.Class(column.Class)
			if figures == nil {
				continue // without such requests
			}
			requests, failed, measured = requests+figures.N, failed+figures.Failed, true
			ofAll[k] = column.Metric.All(figures)[0]
			if values, ok := column.Metric.Completed(figures); ok {
				ofCompleted[k] = values[0]
			} else {
				known = false
			}
		}
		all, completed = append(all, ofAll), append(completed, ofCompleted)
	}
	if !measured {
		return m, beside, false
	}
	m = paper.Measurement{All: paper.NewValue(all), Failed: float64(failed) / float64(requests)}
	if known {
		m.Completed = paper.NewValue(completed)
	}
	return m, beside, true
}

// missingSeeds is a series of so many seeds without values.
func missingSeeds(n int) eval.Series {
	s := make(eval.Series, n)
	for k := range s {
		s[k] = math.NaN()
	}
	return s
}

// liveNotes are what is to be said below a live table: how its policies were trained, what
// is not the scenarios', and which rows cannot be had live.
func (r *Results) liveNotes(f *paper.Filled) []string {
	if !f.Live {
		return nil
	}
	var notes []string
	if slices.ContainsFunc(f.Rows, paper.Row.Learned) {
		if r.Profile.TrainLive {
			notes = append(notes, "Policies were trained on real traffic, too, and act in the simulator for the column sim.")
		} else {
			notes = append(notes, "Policies were trained in the simulator and act on real traffic unchanged (sim to real).")
		}
	}
	var reasons []string
	for i, row := range f.Rows {
		for j := range f.Columns {
			why := f.Cells[i][j].Live.NotLive
			if line := fmt.Sprintf("%s on %s: %s", row.TargetName(), f.Columns[j].Scenario, why); why != "" && !slices.Contains(reasons, line) {
				reasons = append(reasons, line)
			}
		}
	}
	if len(reasons) > 0 {
		notes = append(notes, "Not to be had live: "+strings.Join(reasons, "; ")+".")
	}
	var differences []string
	for _, c := range f.Columns {
		s, err := scenario.Load(c.Scenario, nil)
		if err != nil {
			continue // which is said where it is played
		}
		for _, line := range loopback.Differences(s) {
			if !slices.Contains(differences, line) {
				differences = append(differences, line)
			}
		}
	}
	return append(notes, "On real traffic: "+strings.Join(differences, "; ")+".")
}
