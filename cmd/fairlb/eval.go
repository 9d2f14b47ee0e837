package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"fairlb/env/scenario"
	"fairlb/eval"
)

func (a *app) evalCommand() *cobra.Command {
	var name, seeds, format string
	var set []string
	var duration float64
	c := &cobra.Command{
		Use:   "eval TARGET...",
		Short: "Evaluate heuristics and trained policies on held-out seeds with the same arrivals",
		Long: `Evaluate heuristics and trained policies on held-out seeds; every target meets
the same arrivals. A TARGET is a heuristic's name (ecmp, wcmp, lsq, sed, oracle),
a run's folder or a checkpoint. Requests in flight at the end are waited for, and
failed ones count at their timeout.`,
		Example: "  fairlb eval lsq sed runs/demo --scenario sim-moderate/pure-cpu --seeds 1000-1019 --duration 300",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			write, err := reportWriter(format)
			if err != nil {
				return err
			}
			list, err := eval.ParseSeeds(seeds)
			if err != nil {
				return usage("--seeds: %w", err)
			}
			set = append(set, "duration="+strconv.FormatFloat(duration, 'g', -1, 64))
			s, err := scenario.Load(name, set)
			if err != nil {
				return usage("%w", err)
			}
			report, err := a.evaluate(c, s, args, list)
			if err != nil {
				return err
			}
			return write(report, a)
		},
	}
	c.Flags().StringVar(&name, "scenario", "", "built-in scenario or scenario file (required)")
	c.Flags().StringArrayVar(&set, "set", nil, "path=value, put into the scenario (repeatable)")
	c.Flags().StringVar(&seeds, "seeds", "1000-1019", "seeds of the episodes, such as 1000-1019,7")
	c.Flags().Float64Var(&duration, "duration", 300, "s of arrivals in an episode")
	c.Flags().StringVar(&format, "format", "text", "text, json or csv")
	if err := c.MarkFlagRequired("scenario"); err != nil {
		panic(err) // the flag is defined just above
	}
	return c
}

// reportWriter returns what writes a report in the given format.
func reportWriter(format string) (func(*eval.Report, *app) error, error) {
	switch format {
	case "text":
		return func(r *eval.Report, a *app) error { return r.WriteText(a.stdout) }, nil
	case "json":
		return func(r *eval.Report, a *app) error { return r.WriteJSON(a.stdout) }, nil
	case "csv":
		return func(r *eval.Report, a *app) error { return r.WriteCSV(a.stdout) }, nil
	}
	return nil, usage("--format %q: must be text, json or csv", format)
}

// evaluate runs the targets of a command line.
func (a *app) evaluate(c *cobra.Command, s scenario.Scenario, names []string, seeds []uint64) (*eval.Report, error) {
	report := &eval.Report{Scenario: s.Name, Settings: s, Seeds: seeds, DurationS: s.Duration}
	var targets []eval.Target
	for _, name := range names {
		target, warnings, err := parseTarget(s, name)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			if t.Name == target.Name {
				return nil, usage("target %q is given twice", name)
			}
		}
		targets = append(targets, target)
		report.Warnings = append(report.Warnings, warnings...)
	}
	bar := a.newBar("evaluating", len(targets)*len(seeds))
	results, err := eval.Run(c.Context(), eval.Config{
		Seeds: seeds, Classes: s.ClassNames(), Progress: func(done, _ int) { bar.set(done, "") },
	}, targets)
	bar.close()
	if err != nil {
		return nil, err
	}
	report.Results = results
	return report, nil
}
