// Package learning gathers what a picture of learning shows: the curves of
// training runs of one recipe, and the levels of heuristics and of what was
// learned beside them. Package results/chart draws it.
package learning

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/eval/episodes"
	"fairlb/results/chart"
	"fairlb/train"
)

// Picture is what is drawn of runs.
type Picture struct {
	Title  string
	Curves []chart.LearningCurve
	Levels []chart.ReferenceLevel
}

// Gather reads runs, which must be of one recipe and differ in their seeds, and
// evaluates heuristics beside them; an empty name is none.
func Gather(ctx context.Context, runs, heuristics []string) (*Picture, error) {
	var p Picture
	var first train.Hyperparameters
	var common string
	seeds := map[uint64]string{}
	for k, run := range runs {
		hyperparameters, curve, err := runfolder.Curve(run)
		if err != nil {
			return nil, err
		}
		recipe, err := runfolder.Recipe(hyperparameters)
		if err != nil {
			return nil, err
		}
		if k == 0 {
			first, common = hyperparameters, recipe
		}
		if recipe != common {
			return nil, invalid.Errorf("%s: is of another recipe (%s) than %s (%s): runs must differ in their seeds alone", run, recipe, runs[0], common)
		}
		if same, again := seeds[hyperparameters.Seed]; again {
			return nil, invalid.Errorf("%s: has the recipe and the seed of %s: runs must differ in their seeds", run, same)
		}
		seeds[hyperparameters.Seed] = run
		p.Curves = append(p.Curves, curve)
	}
	p.Title = fmt.Sprintf("%s, reward %s, on %s", first.Method, first.Reward, first.Scenario)
	var err error
	p.Levels, err = levels(ctx, &first, heuristics, runs, p.Curves[0].Greedy)
	return &p, err
}

// comparedEpisodes is the number of a run's first episodes on whose arrivals levels are
// evaluated.
const comparedEpisodes = 40

// levels evaluates heuristics, and the policies that the runs came to, on the arrivals
// of the first run's first episodes or, of a curve of validation, on its seeds.
func levels(ctx context.Context, hyperparameters *train.Hyperparameters, heuristics, runs []string, validation bool) ([]chart.ReferenceLevel, error) {
	s, err := runfolder.Scenario(runs[0])
	if err != nil {
		return nil, err
	}
	if m, err := methods.Find(hyperparameters.Method); err == nil && m.Rule {
		return ruleLevels(ctx, hyperparameters, s, heuristics)
	}
	var targets []episodes.Target
	for _, name := range heuristics {
		if name == "" {
			continue
		}
		if err := checkCompared(name); err != nil {
			return nil, err
		}
		targets = append(targets, simulate.HeuristicTarget(s, name))
	}
	for _, run := range runs {
		policy, err := target.Checkpoint(s, run, filepath.Join(run, train.CheckpointName))
		if err != nil {
			return nil, err
		}
		targets = append(targets, policy.Target)
	}
	var seeds []uint64
	if validation {
		if seeds, err = eval.ParseSeeds(hyperparameters.ValidationSeeds); err != nil {
			return nil, err
		}
	} else {
		for k := range comparedEpisodes {
			seeds = append(seeds, train.EpisodeSeed(hyperparameters.Seed, k))
		}
	}
	list, err := episodes.Run(ctx, episodes.Config{Seeds: seeds, Classes: s.ClassNames()}, targets)
	if err != nil {
		return nil, err
	}
	var levels []chart.ReferenceLevel
	trained := chart.ReferenceLevel{Name: "what they learned, without exploring: mean of the runs"}
	for k, r := range list {
		mean := r.Class(eval.AllClasses).Mean
		if k < len(list)-len(runs) {
			levels = append(levels, chart.ReferenceLevel{Name: r.Target, Value: mean})
		} else {
			trained.Value += mean / float64(len(runs))
		}
	}
	return append(levels, trained), nil
}

// checkCompared reports what is no heuristic.
func checkCompared(name string) error {
	if err := dispatch.Check(name); err != nil {
		return invalid.Errorf("--compare: %w%s", err, settings.Suggestion(name, dispatch.Names()))
	}
	return nil
}

// ruleLevels evaluates heuristics as the rule of a run is validated; without validation there are none,
// since each of its trials is on a pool of its own.
func ruleLevels(ctx context.Context, h *train.Hyperparameters, s scenario.Scenario, heuristics []string) ([]chart.ReferenceLevel, error) {
	if h.ValidationSeeds == "" {
		return nil, nil
	}
	seeds, err := eval.ParseSeeds(h.ValidationSeeds)
	if err != nil {
		return nil, err
	}
	var levels []chart.ReferenceLevel
	for _, name := range heuristics {
		if name == "" {
			continue
		}
		if err := checkCompared(name); err != nil {
			return nil, err
		}
		envs := simulate.RuleValidation(s, h.ScenarioSet, h.Methods.Universal.Requests, name)
		mean, err := envs.Validate(ctx, seeds, nil, runtime.GOMAXPROCS(0))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		levels = append(levels, chart.ReferenceLevel{Name: name, Value: mean})
	}
	return levels, nil
}
