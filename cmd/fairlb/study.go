package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/eval/study"
	"fairlb/eval/tune"
	"fairlb/train"
	"fairlb/train/queue"
)

func (a *app) studyCommand() *cobra.Command {
	var out string
	var only []string
	var workers int
	var report bool
	var queued queueFlags
	c := &cobra.Command{
		Use:   "study FILE",
		Short: "Train every method of a study file with several seeds, evaluate, judge by bars",
		Long: `Train every method of a study file on every scenario with several seeds, evaluate
all on held-out seeds beside the heuristics, and write what it came to: study.md
with tables, bars and learning curves, study.csv and study.json, and means.png and
means.svg: mean completion times with their 95 % intervals. What is recorded
in the folder is used again, so that a study that was stopped goes on, a training
in progress from its last checkpoint.

` + queueHelp,
		Example: "  fairlb study train/studies/smoke.yaml --out runs/smoke\n  fairlb study train/studies/moderate.yaml --only method=delay --only scenario=pure-cpu",
		Args:    queued.checked(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			args = queued.take(args)
			if err := queued.validate(c, &workers); err != nil {
				return err
			}
			w, err := a.loadStudy(args[0], only)
			if err != nil {
				return err
			}
			if out == "" {
				out = filepath.Join("runs", "study-"+fileName(w.study.Name))
			}
			w.shelf = newShelf(out)
			release, err := claim(out)
			if err != nil {
				return err
			}
			defer release()
			if !report {
				run := func(ctx context.Context, f *farm) error {
					w.shelf.farm, w.shelf.workers = f, workers
					return w.run(ctx)
				}
				err := queued.with(c.Context(), a, out, workers, run)
				w.shelf.farm = nil
				var partly *partlyError
				switch {
				case errors.As(err, &partly): // the rest is worth reporting
					return errors.Join(err, w.report("fairlb study "+args[0]))
				case err != nil:
					return err
				}
			}
			return w.report("fairlb study " + args[0])
		},
	}
	c.Flags().StringVar(&out, "out", "", "the folder of runs and results (default runs/study-NAME)")
	c.Flags().StringArrayVar(&only, "only", nil, "method=NAME or scenario=NAME: run these alone (repeatable)")
	c.Flags().IntVar(&workers, "workers", runtime.GOMAXPROCS(0), "trainings at a time in this process; 0 by default beside the URL of a queue")
	queued.add(c)
	c.Flags().BoolVar(&report, "report", false, "run nothing, report what is there")
	return c
}

// studied is a study whose files have been read.
type studied struct {
	app            *app
	study          study.Study
	shelf          shelf
	training, held []uint64
	recipes        [][]train.Hyperparameters // by method and scenario, of the first training seed
	only           func(kind, name string) bool
}

// loadStudy reads a study file and all that it names, so that what is wrong
// shows before anything runs.
func (a *app) loadStudy(file string, only []string) (*studied, error) {
	data, err := settings.ReadFile(file)
	if err != nil {
		return nil, err
	}
	w := &studied{app: a}
	if w.study, err = study.Load(file, data); err != nil {
		return nil, err
	}
	w.training, _ = eval.ParseSeeds(w.study.TrainingSeeds) // validated
	w.held, _ = eval.ParseSeeds(w.study.EvaluationSeeds)
	for k, name := range w.study.Heuristics {
		if name != tunedName && !slices.Contains(dispatch.Names(), name) {
			return nil, usage("%s: heuristics[%d] = %q: must be %s or one of %s", file, k, name, tunedName, strings.Join(dispatch.Names(), ", "))
		}
	}
	for k, c := range w.study.Scenarios {
		if _, err := w.scenario(&c); err != nil {
			return nil, usage("%s: scenarios[%d]: %w", file, k, err)
		}
	}
	for k, m := range w.study.Methods {
		path := m.Recipe
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(file), path)
		}
		data, err := settings.ReadFile(path)
		if err != nil {
			return nil, usage("%s: methods[%d].recipe = %q: %w", file, k, m.Recipe, err)
		}
		var list []train.Hyperparameters
		for _, c := range w.study.Scenarios {
			on, set := c.Scenario, slices.Clone(m.Set)
			if c.Train != "" {
				on = c.Train
			} else {
				for _, override := range c.Set {
					set = append(set, "scenario."+override)
				}
			}
			set = append(set, "scenario="+on, fmt.Sprintf("seed=%d", w.training[0]))
			h, err := train.LoadHyperparameters(path, data, append(set, c.TrainSet...))
			if err != nil {
				return nil, fmt.Errorf("%s: methods[%d] (%s) in %s: %w", file, k, m.Name, c.Name, err)
			}
			if _, err := trainingScenario(&h); err != nil {
				return nil, fmt.Errorf("%s: methods[%d] (%s) in %s: %w", file, k, m.Name, c.Name, err)
			}
			list = append(list, h)
		}
		w.recipes = append(w.recipes, list)
	}
	return w, w.filter(only)
}

// filter reads --only.
func (w *studied) filter(only []string) error {
	wanted := map[string][]string{}
	for _, text := range only {
		kind, name, _ := strings.Cut(text, "=")
		known := slices.ContainsFunc(w.study.Methods, func(m study.Method) bool { return kind == "method" && m.Name == name }) ||
			slices.ContainsFunc(w.study.Scenarios, func(c study.Scenario) bool { return kind == "scenario" && c.Name == name })
		if !known {
			return usage("--only %q: must be method=NAME or scenario=NAME of the study", text)
		}
		wanted[kind] = append(wanted[kind], name)
	}
	w.only = func(kind, name string) bool {
		return len(wanted[kind]) == 0 || slices.Contains(wanted[kind], name)
	}
	return nil
}

// scenario returns a scenario as it is evaluated.
func (w *studied) scenario(c *study.Scenario) (scenario.Scenario, error) {
	set := slices.Clone(c.Set)
	return scenario.Load(c.Scenario, append(set, fmt.Sprintf("duration=%g", w.study.Duration)))
}

// hyper returns the hyperparameters of a training run.
func (w *studied) hyper(method, scenario int, seed uint64) train.Hyperparameters {
	h := w.recipes[method][scenario]
	h.Seed = seed
	return h
}

// run trains and evaluates what the folder lacks. Heuristics come first, then
// one training seed of everything before the next. What fails does not stop the
// rest.
func (w *studied) run(ctx context.Context) error {
	var jobs []func(context.Context) error
	for k, c := range w.study.Scenarios {
		if w.only("scenario", c.Name) {
			jobs = append(jobs, func(ctx context.Context) error { return w.runHeuristics(ctx, k) })
		}
	}
	for _, seed := range w.training {
		for k, c := range w.study.Scenarios {
			for m, method := range w.study.Methods { // scenarios may share a method's training
				if w.only("scenario", c.Name) && w.only("method", method.Name) {
					jobs = append(jobs, func(ctx context.Context) error {
						return w.runMethod(ctx, m, k, seed)
					})
				}
			}
		}
	}
	bar := w.shelf.newBar(w.app, "study", len(jobs))
	defer bar.close()
	var done atomic.Int64
	failed := failures{every: w.shelf.farm == nil}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.shelf.atOnce())
	for _, job := range jobs {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := job(ctx)
			bar.set(int(done.Add(1)), "")
			return failed.take(err)
		})
	}
	return failed.with(group.Wait())
}

func (w *studied) runHeuristics(ctx context.Context, k int) error {
	for _, name := range w.study.Heuristics {
		what, s, err := w.heuristic(ctx, k, name, true)
		if err == nil {
			_, err = w.shelf.evaluation(ctx, s, w.held, what)
		}
		if err != nil {
			return fmt.Errorf("%s in %s: %w", name, w.study.Scenarios[k].Name, err)
		}
	}
	return nil
}

var errNoSearch = errors.New("the weights were not searched yet")

// heuristic returns what is evaluated under a heuristic's name. The best fixed
// weights are searched if need be, or else errNoSearch tells that they are
// not there.
func (w *studied) heuristic(ctx context.Context, k int, name string, search bool) (subject, scenario.Scenario, error) {
	c := &w.study.Scenarios[k]
	s, err := w.scenario(c)
	if err != nil {
		return subject{}, s, err
	}
	if name != tunedName {
		return subject{name: name, target: heuristicTarget(s, name)}, s, nil
	}
	own, err := scenario.Load(c.Scenario, c.Set) // of its own duration
	if err != nil {
		return subject{}, s, err
	}
	dir := filepath.Join(w.shelf.dir, "tuned")
	if search && w.shelf.farm != nil {
		if err := w.shelf.farm.search(ctx, own, defaultSearch(), dir); err != nil {
			return subject{}, s, err
		}
	}
	if !search {
		there, err := keepsWeights(own, defaultSearch(), dir)
		if err == nil && !there {
			err = errNoSearch
		}
		if err != nil {
			return subject{}, s, err
		}
	}
	found, err := w.app.silent().keptWeights(ctx, own, defaultSearch(), dir)
	if err != nil {
		return subject{}, s, err
	}
	weights, err := json.Marshal(found.Best.Weights)
	return subject{
		name: name, hash: tunedName + string(weights), target: found.target(s).Target,
		weights: tune.PerServer(found.Best.Weights, counts(s)),
	}, s, err
}

func (w *studied) runMethod(ctx context.Context, m, k int, seed uint64) (err error) {
	title := fmt.Sprintf("%s in %s, seed %d", w.study.Methods[m].Name, w.study.Scenarios[k].Name, seed)
	defer func() {
		var aside *queue.SetAsideError
		if err != nil && !(errors.As(err, &aside) && aside.State.Title == title) { // which says it itself
			err = fmt.Errorf("%s: %w", title, err)
		}
	}()
	dir, err := w.shelf.trained(ctx, w.app, w.hyper(m, k, seed), title)
	if err != nil {
		return err
	}
	s, err := w.scenario(&w.study.Scenarios[k])
	if err != nil {
		return err
	}
	what, err := trainedSubject(s, w.study.Methods[m].Name, w.study.Methods[m].Name, dir)
	if err == nil {
		_, err = w.shelf.evaluation(ctx, s, w.held, what)
	}
	return err
}
