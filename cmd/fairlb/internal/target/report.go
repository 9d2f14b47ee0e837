package target

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/eval/episodes"
)

// Evaluate evaluates targets on seeds, all with the same arrivals, and sums up
// the training runs of each recipe that has several. workers is the number of episodes
// that are played at a time; 0: one a core.
func Evaluate(ctx context.Context, s scenario.Scenario, list []Target, seeds []uint64, workers int, display progress.Display) (*eval.Evaluation, error) {
	resolved, err := settings.JSON(s)
	if err != nil {
		return nil, err
	}
	report := &eval.Evaluation{Scenario: s.Name, Settings: resolved, Seeds: seeds, DurationS: s.Duration}
	var targets []episodes.Target
	for _, t := range list {
		targets = append(targets, t.Target)
		report.Notes = append(report.Notes, t.Notes...)
		report.Warnings = append(report.Warnings, t.Warnings...)
	}
	report.Notes = append(report.Notes, s.ReportNotes()...)
	trained := slices.ContainsFunc(targets, func(t episodes.Target) bool { return t.Actor != nil })
	if err := bounds.Episodes(s, trained, "--seeds", float64(len(targets))*float64(len(seeds)), runtime.GOMAXPROCS(0)); err != nil {
		return nil, err
	}
	bar := display.Bar("evaluating", len(targets)*len(seeds))
	results, err := episodes.Run(ctx, episodes.Config{
		Seeds: seeds, Classes: s.ClassNames(), Workers: workers, SameArrivals: s.SameArrivals(), Progress: func(done, _ int) { bar.Set(done, "") },
	}, targets)
	bar.Close()
	if err != nil {
		return nil, err
	}
	for i := range results {
		results[i].Recipe = list[i].Recipe
		first := slices.IndexFunc(list[:i], func(t Target) bool { return t.Recipe != "" && t.Recipe == list[i].Recipe && t.Seed == list[i].Seed })
		if first >= 0 {
			results[i].RepeatsTraining = list[first].Name
			report.Warnings = append(report.Warnings, fmt.Sprintf(
				"%s and %s are of one training, which has the same settings and seed: training runs are counted without %s", list[first].Name, list[i].Name, list[i].Name))
		}
	}
	report.Warnings = append(report.Warnings, s.EvaluationDoubts(len(seeds))...)
	report.Results = results
	report.Groups, err = groups(results)
	return report, err
}

// groups sums up the training runs of each recipe that has several.
func groups(list []eval.Result) ([]eval.Group, error) {
	var baseline *eval.Result
	var recipes []string
	runs := map[string][]eval.Result{}
	for i, r := range list {
		if r.Target == eval.DefaultBaseline {
			baseline = &list[i]
		}
		if r.Recipe != "" && !slices.Contains(recipes, r.Recipe) {
			recipes = append(recipes, r.Recipe)
		}
		if r.RepeatsTraining == "" {
			runs[r.Recipe] = append(runs[r.Recipe], r)
		}
	}
	var out []eval.Group
	for _, recipe := range recipes {
		if len(runs[recipe]) < 2 {
			continue
		}
		g, err := eval.Combine(recipe, runs[recipe], baseline)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}
