package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/eval/episodes"
	"fairlb/results/report"
)

func (a *app) evalCommand() *cobra.Command {
	var name, seeds, format, out string
	var statistics bool
	var set []string
	var duration float64
	c := &cobra.Command{
		Use:   "eval TARGET...",
		Short: "Evaluate heuristics and trained policies on held-out seeds with the same arrivals",
		Long: `Evaluate heuristics and trained policies on held-out seeds; every target meets
the same arrivals. A TARGET is a run's folder, a checkpoint, a heuristic's name
or tuned. Requests in flight at the end are waited for, and failed ones count at
their timeout.

tuned is the best fixed weights, by groups of equal servers. They are searched
anew each time, on training seeds, in episodes as long as the scenario's (not
--duration); that takes seconds, in the large scenarios a minute.

` + heuristicList(),
		Example: "  fairlb eval lsq sed runs/demo --scenario sim-moderate/pure-cpu --seeds 1000-1019 --duration 300",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			written, err := evaluationFormat(format)
			if err != nil {
				return err
			}
			if written.Binary && out == "" && isTerminal(a.stdout) {
				return usage("--format %s: a binary file does not belong on a terminal: name one by --out", format)
			}
			if info, err := os.Stat(filepath.Dir(out)); err != nil || !info.IsDir() {
				return usage("--out %s: there is no folder %s", out, filepath.Dir(out)) // before the runs, not after
			}
			if name == "" {
				return usage("--scenario: must name a built-in scenario (fairlb scenarios lists them) or a file")
			}
			list, err := eval.ParseSeeds(seeds)
			if err != nil {
				return usage("--seeds: %w", err)
			}
			given := set
			length := "duration=" + strconv.FormatFloat(duration, 'g', -1, 64)
			byFlag := c.Flags().Changed("duration")
			if byFlag {
				set = append(set[:len(set):len(set)], length)
			} else {
				set = append([]string{length}, set...) // --set duration=... is no less explicit
			}
			s, err := scenario.Load(name, set)
			if err != nil {
				return usage("%w", relocated(err, func(e *settings.Error) {
					if byFlag && e.Path == "duration" {
						e.Place = "--duration"
					}
				}))
			}
			if _, err := s.Config(); err != nil {
				return err // once, not by whichever seed comes to it first
			}
			fixed := func() (target, error) { return a.tunedTarget(c.Context(), name, given, s) }
			evaluation, err := a.evaluate(c, s, args, fixed, list)
			if err != nil {
				return err
			}
			if out != "" {
				return writeFile(out, func(w io.Writer) error { return written.Write(w, evaluation, statistics) })
			}
			return written.Write(a.stdout, evaluation, statistics)
		},
	}
	c.Flags().StringVar(&name, "scenario", "", "built-in scenario or scenario file (required)")
	c.Flags().StringArrayVar(&set, "set", nil, "path=value, put into the scenario (repeatable)")
	c.Flags().StringVar(&seeds, "seeds", "1000-1019", "seeds of the episodes, such as 1000-1019,7")
	c.Flags().Float64Var(&duration, "duration", 300, "s of arrivals in an episode")
	c.Flags().StringVar(&format, "format", "text", report.EvaluationFormatNames())
	c.Flags().StringVar(&out, "out", "", "the file to write (default stdout)")
	c.Flags().BoolVar(&statistics, "statistics", false, "in text, also interquartile means, probabilities of improvement and fairness of load")
	return c
}

// heuristicList is the heuristics, a line each.
func heuristicList() string {
	var b strings.Builder
	b.WriteString("Heuristics:\n")
	for _, name := range dispatch.Names() {
		fmt.Fprintf(&b, "  %-12s %s\n", name, dispatch.Summary(name))
	}
	fmt.Fprintf(&b, "Found by search:\n  %-12s %s\n", tunedName, "least own (requests + 1) / weight, the best fixed weights")
	return b.String()
}

// evaluationFormat returns the format of that name.
func evaluationFormat(name string) (report.EvaluationFormat, error) {
	formats := report.EvaluationFormats()
	k := slices.IndexFunc(formats, func(f report.EvaluationFormat) bool { return f.Name == name })
	if k < 0 {
		return report.EvaluationFormat{}, usage("--format %q: must be %s", name, report.EvaluationFormatNames())
	}
	return formats[k], nil
}

// tunedTarget searches the best fixed weights for a scenario, in episodes of
// its own duration or that of the overrides.
func (a *app) tunedTarget(ctx context.Context, name string, set []string, s scenario.Scenario) (target, error) {
	own, err := scenario.Load(name, set)
	if err != nil {
		return target{}, usage("target %q: the search takes the scenario's own duration: %w", tunedName, err)
	}
	found, err := a.searchWeights(ctx, own, defaultSearch())
	if err != nil {
		return target{}, fmt.Errorf("target %q: %w", tunedName, err)
	}
	a.log.Info(found.note())
	return found.target(s), nil
}

// evaluate runs the targets of a command line; fixed makes the target tuned.
func (a *app) evaluate(c *cobra.Command, s scenario.Scenario, names []string, fixed func() (target, error), seeds []uint64) (*eval.Evaluation, error) {
	resolved, err := settings.JSON(s)
	if err != nil {
		return nil, err
	}
	report := &eval.Evaluation{Scenario: s.Name, Settings: resolved, Seeds: seeds, DurationS: s.Duration}
	list, err := parseTargets(s, names, fixed)
	if err != nil {
		return nil, err
	}
	var targets []episodes.Target
	var recipes []string
	for _, t := range list {
		targets, recipes = append(targets, t.Target), append(recipes, t.recipe)
		report.Notes = append(report.Notes, t.notes...)
		report.Warnings = append(report.Warnings, t.warnings...)
	}
	bar := a.newBar("evaluating", len(targets)*len(seeds))
	results, err := episodes.Run(c.Context(), episodes.Config{
		Seeds: seeds, Classes: s.ClassNames(), Progress: func(done, _ int) { bar.set(done, "") },
	}, targets)
	bar.close()
	if err != nil {
		return nil, err
	}
	for i := range results {
		results[i].Recipe = recipes[i]
	}
	report.Results = results
	report.Groups, err = groups(results, recipes)
	return report, err
}

// parseTargets reads the targets of a command line. What is wrong with any is
// said before the search for tuned begins.
func parseTargets(s scenario.Scenario, names []string, fixed func() (target, error)) ([]target, error) {
	list := make([]target, len(names))
	checkpoints := map[string]string{} // target by hash: twice the same run is no second run
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, usage("target %q is given twice", name)
		}
		if name == tunedName {
			continue
		}
		var err error
		if list[i], err = parseTarget(s, name); err != nil {
			return nil, err
		}
		hash := list[i].hash
		if same, again := checkpoints[hash]; again {
			return nil, usage("target %q: the same checkpoint as %q", name, same)
		}
		if hash != "" {
			checkpoints[hash] = name
		}
	}
	if i := slices.Index(names, tunedName); i >= 0 {
		var err error
		if list[i], err = fixed(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// groups sums up the training runs of each recipe that has several.
func groups(list []eval.Result, recipes []string) ([]eval.Group, error) {
	var baseline *eval.Result
	runs := map[string][]eval.Result{}
	for i, recipe := range recipes {
		if list[i].Target == eval.DefaultBaseline {
			baseline = &list[i]
		}
		runs[recipe] = append(runs[recipe], list[i])
	}
	var out []eval.Group
	for i, recipe := range recipes {
		if recipe == "" || len(runs[recipe]) < 2 || slices.Contains(recipes[:i], recipe) {
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
