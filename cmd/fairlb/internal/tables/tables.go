// Package tables fills Tables 11 to 16 of the paper from our own runs: it trains
// and evaluates what a folder lacks for a profile (Fill), sums up the cells, and
// prints the tables and writes their files and pictures (Print). What rows,
// columns and jobs a table has is package eval/paper; how a table looks is
// package results. Plan says what is missing and about how long it takes.
package tables

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/env/scenario"
	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/results/record"
	"fairlb/train"
	"fairlb/train/recipes"
)

// Results are the results of a profile: where they are kept, and what was
// evaluated for the tables.
type Results struct {
	*store.Store
	Profile paper.Profile
	Log     logrus.FieldLogger

	// Again has those live runs made again that were no measurement.
	Again bool

	mu          sync.Mutex
	evaluated   map[paper.Key]eval.Result // in the simulator
	live        map[paper.Key]*liveRuns   // on real traffic
	trainings   int                       // that the jobs needed
	otherBuilds map[string]int            // of these trainings, by the other build that made them
}

// NewResults returns the results of a profile that a folder keeps.
func NewResults(kept *store.Store, p paper.Profile, log logrus.FieldLogger) *Results {
	return &Results{Store: kept, Profile: p, Log: log, evaluated: map[paper.Key]eval.Result{}, live: map[paper.Key]*liveRuns{}, otherBuilds: map[string]int{}}
}

// Jobs lists what must run to fill tables.
func Jobs(list []paper.Table, p paper.Profile) ([]paper.Job, error) {
	var numbers []int
	for _, t := range list {
		numbers = append(numbers, t.Number)
	}
	return paper.Jobs(numbers, p)
}

// Fill trains and evaluates what jobs ask for and, of a live profile, plays it in real
// time when that is done. A job that fails does not stop the others.
func (r *Results) Fill(ctx context.Context, jobs []paper.Job) error {
	if r.Profile.Live {
		return r.fillLive(ctx, jobs)
	}
	return r.simulate(ctx, jobs)
}

// simulate runs jobs, as many at a time as the executor wants, with evaluations in the
// simulator. The time that is left is estimated by the times of the jobs done so far.
func (r *Results) simulate(ctx context.Context, jobs []paper.Job) error {
	bar := r.Bar("tables", len(jobs))
	defer bar.Close()
	missing, left := r.missing(jobs)
	pace := progress.NewPace(left, r.Parallelism())
	timed := r.Parallelism() < len(jobs) // else all wait for a queue at once, and what they took is mostly that
	var done atomic.Int64
	var list []func(context.Context) error
	for k, j := range jobs {
		list = append(list, func(ctx context.Context) error {
			began := time.Now()
			if err := r.run(ctx, j); err != nil {
				return fmt.Errorf("%s: %w", Describe(j.Policy), err)
			}
			if missing[k] {
				pace.Done(kindOf(j), time.Since(began))
			}
			n, left := int(done.Add(1)), time.Duration(-1)
			if timed {
				left = pace.Left()
			}
			fields := logrus.Fields{"done": n, "of": len(jobs)}
			if left > 0 {
				fields["left"] = "about " + progress.Roughly(left.Seconds())
			}
			progress.SetLeft(bar, n, left)
			r.Log.WithFields(fields).Infof("%s", Describe(j.Policy))
			return nil
		})
	}
	return job.RunAll(ctx, r.Parallelism(), r.OfOneJob, list)
}

// kindOf names the jobs that take about as long as this one: those of a method in
// the same training or, of a heuristic, on the same testbeds.
func kindOf(j paper.Job) string {
	if j.Learned() {
		return j.Method + " in " + j.Training
	}
	return fmt.Sprintf("%s on %d", testbed(j.Scenarios[0]), len(j.Scenarios))
}

// missing says of which jobs the folder lacks something, and of how many of each
// kind. What is there and cannot be read is for the job itself to report.
func (r *Results) missing(jobs []paper.Job) ([]bool, map[string]int) {
	list, left := make([]bool, len(jobs)), map[string]int{}
	for k, j := range jobs {
		p := planner{Results: r, paces: map[workload]*pace{}}
		list[k] = p.count(j) != nil || slices.ContainsFunc(p.list, func(x *Requirement) bool { return x.Missing > 0 })
		if list[k] {
			left[kindOf(j)]++
		}
	}
	return list, left
}

// run trains and evaluates what a job asks for and the folder lacks.
func (r *Results) run(ctx context.Context, j paper.Job) error {
	if j.Learned() {
		t, err := r.Training(j.Policy)
		if err != nil {
			return err
		}
		dir, err := r.Train(ctx, &t)
		if err != nil {
			return err
		}
		if err := r.noteBuild(dir); err != nil {
			return err
		}
	}
	for _, name := range j.Scenarios {
		e, err := r.evaluation(j.Policy, name)
		if err != nil {
			return err
		}
		result, err := r.Evaluate(ctx, &e)
		if err != nil {
			return fmt.Errorf("on %s: %w", name, err)
		}
		r.mu.Lock()
		r.evaluated[paper.Key{Policy: j.Policy, Scenario: name}] = result
		r.mu.Unlock()
	}
	return nil
}

// evaluation is that of a policy, whose run is there if it is a learned one, in
// a scenario.
func (r *Results) evaluation(p paper.Policy, name string) (job.Evaluation, error) {
	s, err := scenario.Load(name, []string{fmt.Sprintf("duration=%g", r.Profile.EvalDuration)})
	if err != nil {
		return job.Evaluation{}, err
	}
	e := job.Evaluation{Scenario: s, Seeds: r.Profile.SeedsFor(name)}
	if !p.Learned() {
		e.EvaluationTarget = job.Heuristic(s, p.Method)
		return e, nil
	}
	t, err := r.Training(p)
	if err != nil {
		return e, err
	}
	e.EvaluationTarget, err = r.Policy(s, &t, p.Method, Describe(p))
	return e, err
}

// Describe names a policy in a line.
func Describe(p paper.Policy) string {
	if !p.Learned() {
		return p.Method
	}
	return fmt.Sprintf("%s %s, trained in %s, seed %d", p.Method, p.Reward, p.Training, p.Seed)
}

// Training returns the training run of a table's policy: by the profile's recipe of its
// scale, but for a credit that the policy itself says, with the profile's episodes spread
// over at least eight rounds where they are few.
func (r *Results) Training(p paper.Policy) (job.Training, error) {
	name := recipe(r.Profile.Recipes, p.Training)
	data, err := recipes.Get(name)
	if err != nil {
		return job.Training{}, err
	}
	h, err := train.LoadHyperparameters(name, data, nil)
	if err != nil {
		return job.Training{}, fmt.Errorf("the program's own recipe: %w", err)
	}
	h.Scenario, h.Method, h.Reward, h.Seed = r.Profile.TrainingScenario(p.Training), p.Method, p.Reward, p.Seed
	if p.Credit != "" {
		h.Credit = p.Credit
	}
	h.Episodes = r.Profile.TrainingEpisodes(p.Training)
	h.EpisodeDuration = r.Profile.EpisodeDuration
	h.EpisodesPerRound = max(1, min(h.EpisodesPerRound, h.Episodes/8))
	rounds := (h.Episodes + h.EpisodesPerRound - 1) / h.EpisodesPerRound
	sac, qmix := &h.Methods.SAC, &h.Methods.QMIX
	early := max(1, min(sac.CriticRounds, rounds/8))
	sac.CriticRounds, sac.FeatureRounds, qmix.FeatureRounds = early, early, early
	t, err := job.NewTraining(h, runfolder.Name(&h))
	t.Live = r.Profile.TrainLive
	return t, err
}

// recipe is the name of the recipe by which policies are trained in a scenario.
func recipe(of paper.Recipes, training string) string {
	name := "web-moderate"
	if paper.Large(training) {
		name = "web-large"
	}
	if of == paper.Table9Recipes {
		name = "table9-" + name
	}
	return name
}

// noteBuild counts a training run by the build of the program that made it.
func (r *Results) noteBuild(dir string) error {
	rec, err := record.Read(filepath.Join(dir, runfolder.RecordName))
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trainings++
	if build := rec.Header.Program(); build != record.Program() {
		r.otherBuilds[build]++
	}
	return nil
}

// Warnings are doubts about all of the results.
func (r *Results) Warnings() []string {
	if len(r.otherBuilds) == 0 {
		return nil
	}
	n := 0
	builds := slices.Sorted(maps.Keys(r.otherBuilds))
	for _, build := range builds {
		n += r.otherBuilds[build]
	}
	return []string{fmt.Sprintf("%d of %d trainings were made by other builds of the program (%s) than this one (%s).",
		n, r.trainings, strings.Join(builds, "; "), record.Program())}
}
