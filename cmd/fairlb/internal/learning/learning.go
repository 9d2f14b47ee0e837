// Package learning gathers what a picture of learning shows: the curves of
// training runs of one recipe, and the levels of heuristics and of what was
// learned beside them. Package results/chart draws it.
package learning

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"

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
	"fairlb/eval/figure"
	"fairlb/train"
)

// recipe is what runs of one recipe came to, with the settings of the first.
type recipe struct {
	name            string
	hyperparameters train.Hyperparameters
	scenario        scenario.Scenario
	rule            bool // its method learns the coefficients of a rule
	runs            []string
	curves          []figure.LearningCurve
}

// Gather reads runs and evaluates heuristics beside them; an empty name is none. Runs of
// one recipe differ in their seeds. Those of several must be validated on the same
// episodes.
func Gather(ctx context.Context, runs, heuristics []string) (*figure.Learning, error) {
	var list []*recipe
	for _, run := range runs {
		r, err := read(run)
		if err != nil {
			return nil, err
		}
		k := slices.IndexFunc(list, func(other *recipe) bool { return other.name == r.name })
		switch {
		case k >= 0:
			err = list[k].add(r)
		case len(list) > 0 && !list[0].validatedAlike(r):
			err = invalid.Errorf("%s: is of another recipe (%s) than %s (%s): runs must differ in their seeds alone, or be validated on the same seeds of one scenario",
				run, r.name, list[0].runs[0], list[0].name)
		default:
			list = append(list, r)
		}
		if err != nil {
			return nil, err
		}
	}
	l := &figure.Learning{Scenario: list[0].hyperparameters.Scenario}
	titled := map[string]*recipe{}
	for _, r := range list {
		title := r.title()
		if other := titled[title]; other != nil {
			return nil, invalid.Errorf("%s and %s: are of two recipes, and both would be called %q: call the folders of each recipe by a name of its own, with -seedN at the end",
				other.runs[0], r.runs[0], title)
		}
		titled[title] = r
		l.Methods = append(l.Methods, figure.MethodCurves{Name: title, Curves: r.curves})
	}
	var err error
	l.Levels, err = list[0].levels(ctx, heuristics)
	return l, err
}

// read reads a run, as the first of its recipe.
func read(run string) (*recipe, error) {
	h, curve, err := runfolder.Curve(run)
	if err != nil {
		return nil, err
	}
	r := &recipe{hyperparameters: h, runs: []string{run}, curves: []figure.LearningCurve{curve}}
	if m, err := methods.Find(h.Method); err == nil {
		r.rule = m.Rule
	}
	if r.name, err = runfolder.Recipe(h); err != nil {
		return nil, err
	}
	r.scenario, err = runfolder.Scenario(run)
	return r, err
}

// add adds a run of the recipe.
func (r *recipe) add(run *recipe) error {
	for k, c := range r.curves {
		if c.Seed == run.curves[0].Seed {
			return invalid.Errorf("%s: has the recipe and the seed of %s: runs must differ in their seeds", run.runs[0], r.runs[k])
		}
	}
	if curve := run.curves[0]; curve.Greedy != r.curves[0].Greedy {
		once, often := run.runs[0], r.runs[0]
		if curve.Greedy {
			once, often = often, once
		}
		return invalid.Errorf("%s: was validated less than twice, %s more often: the curves must all be of validation, or none", once, often)
	}
	r.runs, r.curves = append(r.runs, run.runs...), append(r.curves, run.curves...)
	return nil
}

// validatedAlike says whether runs of both recipes are validated on the same episodes. The
// pools of a rule are drawn with the recipe's scenario_set, and last for its requests.
func (r *recipe) validatedAlike(other *recipe) bool {
	a, b := &r.hyperparameters, &other.hyperparameters
	if r.rule && (a.Methods.Universal.Requests != b.Methods.Universal.Requests || !slices.Equal(a.ScenarioSet, b.ScenarioSet)) {
		return false
	}
	return r.curves[0].Greedy && other.curves[0].Greedy && r.rule == other.rule &&
		a.ValidationSeeds == b.ValidationSeeds && reflect.DeepEqual(r.scenario, other.scenario)
}

// title is what the runs' folders are called without their seeds or, where they are
// called differently, the method and the reward.
func (r *recipe) title() string {
	var title string
	for k, run := range r.runs {
		path, err := filepath.Abs(run)
		name := strings.TrimSuffix(filepath.Base(path), fmt.Sprintf("-seed%d", r.curves[k].Seed))
		if err != nil || k > 0 && name != title {
			return r.hyperparameters.MethodName() + ", reward " + r.hyperparameters.RewardName()
		}
		title = name
	}
	return title
}

// comparedEpisodes is the number of a run's first episodes on whose arrivals levels are
// evaluated.
const comparedEpisodes = 40

// levels evaluates heuristics: of curves of validation on its seeds; else, with the
// policies that the runs came to, on the arrivals of the first run's first episodes.
func (r *recipe) levels(ctx context.Context, heuristics []string) ([]figure.ReferenceLevel, error) {
	s, h := r.scenario, &r.hyperparameters
	if r.rule {
		return ruleLevels(ctx, h, s, heuristics)
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
	var seeds []uint64
	var policies []string
	if r.curves[0].Greedy {
		var err error
		if seeds, err = eval.ParseSeeds(h.ValidationSeeds); err != nil {
			return nil, err
		}
	} else {
		policies = r.runs
		for k := range comparedEpisodes {
			seeds = append(seeds, train.EpisodeSeed(h.Seed, k))
		}
	}
	for _, run := range policies {
		policy, err := target.Checkpoint(s, run, filepath.Join(run, train.CheckpointName))
		if err != nil {
			return nil, err
		}
		targets = append(targets, policy.Target)
	}
	list, err := episodes.Run(ctx, episodes.Config{Seeds: seeds, Classes: s.ClassNames()}, targets)
	if err != nil {
		return nil, err
	}
	var levels []figure.ReferenceLevel
	trained := figure.ReferenceLevel{Name: "what they learned, without exploring: mean of the runs"}
	for k, result := range list {
		mean := result.Class(eval.AllClasses).Mean
		if k < len(list)-len(policies) {
			levels = append(levels, figure.ReferenceLevel{Name: result.Target, Value: mean})
		} else {
			trained.Value += mean / float64(len(policies))
		}
	}
	if len(policies) > 0 {
		levels = append(levels, trained)
	}
	return levels, nil
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
func ruleLevels(ctx context.Context, h *train.Hyperparameters, s scenario.Scenario, heuristics []string) ([]figure.ReferenceLevel, error) {
	if h.ValidationSeeds == "" {
		return nil, nil
	}
	seeds, err := eval.ParseSeeds(h.ValidationSeeds)
	if err != nil {
		return nil, err
	}
	var levels []figure.ReferenceLevel
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
		levels = append(levels, figure.ReferenceLevel{Name: name, Value: mean})
	}
	return levels, nil
}
