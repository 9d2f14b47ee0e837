// Package studies runs a study: it trains every method of a study file on every
// scenario with several seeds, evaluates all on held-out seeds beside the
// heuristics, and writes what came of it. What a study file says and what its
// figures mean is package eval/study; runs and evaluations are kept and made by
// package store. Load reads the files (study.go), Run makes what the folder
// lacks, Report writes what is there (report.go).
package studies

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/env/dispatch"
	"fairlb/env/estimate"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/eval/study"
	"fairlb/train"
	"fairlb/train/queue"
)

// Study is a study whose files have been read.
type Study struct {
	study.Study
	Log logrus.FieldLogger

	trainingSeeds, heldOut []uint64
	recipes                [][]train.Hyperparameters // by method and scenario, of the first training seed
	only                   map[string][]string       // names that alone run, by kind; none of a kind: all of them
}

// Load reads a study file and all that it names, so that what is wrong shows
// before anything runs. Only names what alone is to run, as method=NAME or
// scenario=NAME.
func Load(file string, only []string, log logrus.FieldLogger) (*Study, error) {
	data, err := settings.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &Study{Log: log}
	if s.Study, err = study.Load(file, data); err != nil {
		return nil, err
	}
	s.relocate(filepath.Dir(file))
	s.trainingSeeds, _ = eval.ParseSeeds(s.TrainingSeeds) // study.Load has checked both
	s.heldOut, _ = eval.ParseSeeds(s.EvaluationSeeds)
	for k, name := range s.Heuristics {
		if name != fixedweights.TargetName && dispatch.Check(name) != nil {
			return nil, invalid.Errorf("%s: heuristics[%d] = %q: must be %s or one of %s%s", file, k, name, fixedweights.TargetName, strings.Join(dispatch.Names(), ", "),
				settings.Suggestion(name, append(dispatch.Names(), fixedweights.TargetName)))
		}
	}
	for k := range s.Scenarios {
		if _, err := s.scenario(k); err != nil {
			return nil, invalid.Errorf("%s: scenarios[%d]: %w", file, k, err)
		}
	}
	for k := range s.Methods {
		list, err := s.loadRecipes(file, k)
		if err != nil {
			return nil, err
		}
		s.recipes = append(s.recipes, list)
	}
	if err := s.checkSize(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, s.restrict(only)
}

// loadRecipes reads the recipe of a method for each scenario.
func (s *Study) loadRecipes(file string, method int) ([]train.Hyperparameters, error) {
	m := s.Methods[method]
	path, data, err := runfolder.ReadRecipe(filepath.Dir(file), m.Recipe)
	if err != nil {
		return nil, invalid.Errorf("%s: methods[%d].recipe = %q: %w", file, method, m.Recipe, err)
	}
	var list []train.Hyperparameters
	for _, c := range s.Scenarios {
		in, set := c.Scenario, slices.Clone(m.Set)
		if m.Once {
			h, err := train.LoadHyperparameters(path, data, append(set, fmt.Sprintf("seed=%d", s.trainingSeeds[0])), train.CheckRetired, train.CheckBeginsAnew)
			if err == nil {
				_, err = job.NewTraining(h, "")
			}
			if err != nil {
				return nil, fmt.Errorf("%s: methods[%d] (%s): %w", file, method, m.Name, err)
			}
			list = append(list, h)
			continue
		}
		if c.Train != "" {
			in = c.Train
		} else {
			for _, override := range c.Set {
				set = append(set, "scenario."+override)
			}
		}
		set = append(set, "scenario="+in, fmt.Sprintf("seed=%d", s.trainingSeeds[0]))
		h, err := train.LoadHyperparameters(path, data, append(set, c.TrainSet...), train.CheckRetired, train.CheckBeginsAnew)
		if err == nil {
			_, err = job.NewTraining(h, "")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: methods[%d] (%s) in %s: %w", file, method, m.Name, c.Name, err)
		}
		list = append(list, h)
	}
	return list, nil
}

// checkSize compares what all trainings and evaluations take together with the
// limits. What one training takes has been checked.
func (s *Study) checkSize() error {
	var all estimate.Estimate
	for k, c := range s.Scenarios {
		for m := range s.Methods {
			h := &s.recipes[m][k]
			in, err := runfolder.TrainingScenario(h)
			if err != nil {
				return err
			}
			one, err := bounds.OfTraining(h, in, 1)
			if err != nil {
				return err
			}
			for _, q := range []estimate.Quantity{estimate.Events, estimate.Products} {
				all.Add(q, fmt.Sprintf("training %s in %s", s.Methods[m].Name, c.Name), []string{"training_seeds"}, one.Total(q), float64(len(s.trainingSeeds)))
			}
		}
		in, err := s.scenario(k)
		if err != nil {
			return err
		}
		one := in.Estimate(false)
		targets := float64(len(s.Heuristics)) + float64(len(s.Methods))*float64(len(s.trainingSeeds))
		all.Add(estimate.Events, "evaluating in "+c.Name, []string{"evaluation_seeds", "training_seeds", "duration"}, one.Total(estimate.Events), float64(len(s.heldOut)), targets)
	}
	return bounds.Check(all)
}

// restrict reads what alone is to run.
func (s *Study) restrict(only []string) error {
	s.only = map[string][]string{}
	for _, text := range only {
		kind, name, _ := strings.Cut(text, "=")
		known := slices.ContainsFunc(s.Methods, func(m study.Method) bool { return kind == "method" && m.Name == name }) ||
			slices.ContainsFunc(s.Scenarios, func(c study.Scenario) bool { return kind == "scenario" && c.Name == name })
		if !known {
			return invalid.Errorf("--only %q: must be method=NAME or scenario=NAME of the study", text)
		}
		s.only[kind] = append(s.only[kind], name)
	}
	return nil
}

// runs says whether a method or a scenario is to run.
func (s *Study) runs(kind, name string) bool {
	return len(s.only[kind]) == 0 || slices.Contains(s.only[kind], name)
}

// scenario returns a scenario as it is evaluated.
func (s *Study) scenario(k int) (scenario.Scenario, error) {
	c := &s.Scenarios[k]
	return scenario.Load(c.Scenario, append(slices.Clone(c.Set), fmt.Sprintf("duration=%g", s.Duration)))
}

// training returns a training run of a method for a scenario.
func (s *Study) training(method, k int, seed uint64) (job.Training, error) {
	h := s.recipes[method][k]
	h.Seed = seed
	return job.NewTraining(h, fmt.Sprintf("%s in %s, seed %d", s.Methods[method].Name, s.Scenarios[k].Name, seed))
}

// Run trains and evaluates what the folder lacks. Heuristics come first, then
// one training seed of everything before the next. A job that fails does not
// stop the others.
func (s *Study) Run(ctx context.Context, results *store.Store) error {
	var jobs []func(context.Context) error
	for k, c := range s.Scenarios {
		if s.runs("scenario", c.Name) {
			jobs = append(jobs, func(ctx context.Context) error { return s.runHeuristics(ctx, results, k) })
		}
	}
	for _, seed := range s.trainingSeeds {
		for m, method := range s.Methods {
			if method.Once && s.runs("method", method.Name) {
				jobs = append(jobs, func(ctx context.Context) error { return s.runOnce(ctx, results, m, seed) })
			}
		}
		for k, c := range s.Scenarios {
			for m, method := range s.Methods { // scenarios may share a method's training
				if !method.Once && s.runs("scenario", c.Name) && s.runs("method", method.Name) {
					jobs = append(jobs, func(ctx context.Context) error { return s.runMethod(ctx, results, m, k, seed) })
				}
			}
		}
	}
	bar := results.Bar("study", len(jobs))
	defer bar.Close()
	var done atomic.Int64
	for k, run := range jobs {
		jobs[k] = func(ctx context.Context) error {
			err := run(ctx)
			bar.Set(int(done.Add(1)), "")
			return err
		}
	}
	return job.RunAll(ctx, results.Parallelism(), results.OfOneJob, jobs)
}

// runHeuristics evaluates the heuristics in a scenario, and searches the best
// fixed weights if they are among them.
func (s *Study) runHeuristics(ctx context.Context, results *store.Store, k int) error {
	for _, name := range s.Heuristics {
		if err := s.runHeuristic(ctx, results, k, name); err != nil {
			return fmt.Errorf("%s in %s: %w", name, s.Scenarios[k].Name, err)
		}
	}
	return nil
}

func (s *Study) runHeuristic(ctx context.Context, results *store.Store, k int, name string) error {
	if name == fixedweights.TargetName {
		search, err := s.search(ctx, k)
		if err != nil {
			return err
		}
		if _, err := results.Search(ctx, &search, weightsFolder(results)); err != nil {
			return err
		}
	}
	e, _, err := s.heuristic(ctx, results, k, name)
	if err != nil {
		return err
	}
	_, err = results.Evaluate(ctx, &e)
	return err
}

// weightsFolder is where the searches of fixed weights are kept.
func weightsFolder(results *store.Store) string { return filepath.Join(results.Dir, "tuned") }

// search is the search of a scenario's best fixed weights, in episodes of the
// scenario's own duration.
func (s *Study) search(ctx context.Context, k int) (job.Search, error) {
	c := &s.Scenarios[k]
	own, err := scenario.Load(c.Scenario, c.Set)
	if err != nil {
		return job.Search{}, err
	}
	return job.NewSearch(ctx, own, fixedweights.DefaultSettings())
}

// heuristic returns the evaluation of a heuristic in a scenario; there is none
// of the best fixed weights until they have been searched.
func (s *Study) heuristic(ctx context.Context, results *store.Store, k int, name string) (e job.Evaluation, ok bool, err error) {
	in, err := s.scenario(k)
	if err != nil {
		return e, false, err
	}
	target := job.Heuristic(in, name)
	if name == fixedweights.TargetName {
		search, err := s.search(ctx, k)
		if err != nil {
			return e, false, err
		}
		found, ok, err := results.Searched(&search, weightsFolder(results))
		if err != nil || !ok {
			return e, false, err
		}
		target = job.FixedWeights(in, found.Best.Weights)
	}
	return job.Evaluation{EvaluationTarget: target, Scenario: in, Seeds: s.heldOut}, true, nil
}

// runOnce makes the one training run of a method that is trained once, and evaluates it in all
// scenarios: one job, so that the next seed's training is made beside it.
func (s *Study) runOnce(ctx context.Context, results *store.Store, m int, seed uint64) error {
	var faults []error
	for k, c := range s.Scenarios {
		if s.runs("scenario", c.Name) {
			faults = append(faults, s.runMethod(ctx, results, m, k, seed))
		}
	}
	return errors.Join(faults...)
}

// runMethod makes a training run of a method for a scenario, and evaluates it.
func (s *Study) runMethod(ctx context.Context, results *store.Store, m, k int, seed uint64) (err error) {
	t, err := s.training(m, k, seed)
	if err != nil {
		return err
	}
	defer func() {
		var setAside *queue.SetAsideError
		if err != nil && !(errors.As(err, &setAside) && setAside.State.Title == t.Title) { // whose message has the title
			err = fmt.Errorf("%s: %w", t.Title, err)
		}
	}()
	if _, err := results.Train(ctx, &t); err != nil {
		return err
	}
	e, err := s.policy(results, m, k, &t)
	if err != nil {
		return err
	}
	_, err = results.Evaluate(ctx, &e)
	return err
}

// policy is the evaluation of a training's policy in a scenario.
func (s *Study) policy(results *store.Store, m, k int, t *job.Training) (job.Evaluation, error) {
	in, err := s.scenario(k)
	if err != nil {
		return job.Evaluation{}, err
	}
	target, err := results.Policy(in, t, s.Methods[m].Name, s.Methods[m].Name)
	return job.Evaluation{EvaluationTarget: target, Scenario: in, Seeds: s.heldOut}, err
}
