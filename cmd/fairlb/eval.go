package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
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
				return invalid.Errorf("--format %s: a binary file does not belong on a terminal: name one by --out", format)
			}
			if out != "" {
				inputs := []string{name}
				for _, arg := range args {
					inputs = append(inputs, target.CheckpointPath(arg))
				}
				if err := files.CheckOutput("--out", out, inputs...); err != nil {
					return err // before the runs, not after
				}
			}
			if name == "" {
				return invalid.Errorf("--scenario: must name a built-in scenario (fairlb scenarios lists them) or a file")
			}
			list, err := eval.ParseSeeds(seeds)
			if err != nil {
				return invalid.Errorf("--seeds: %w", err)
			}
			s, err := loadOfDuration(name, set, duration, c.Flags().Changed("duration"))
			if err != nil {
				return err
			}
			if err := bounds.Episodes(s, false, "--seeds", float64(len(args))*float64(len(list)), runtime.GOMAXPROCS(0)); err != nil {
				return err // before any target is made
			}
			if _, err := s.Config(); err != nil {
				return err // once, not by whichever seed comes to it first
			}
			search := func() (target.Target, error) { return a.searchWeights(c.Context(), name, set, s) }
			targets, err := target.ParseAll(s, args, search)
			if err != nil {
				return err
			}
			evaluation, err := target.Evaluate(c.Context(), s, targets, list, a.progress)
			if err != nil {
				return err
			}
			if out != "" {
				return files.Write(out, func(w io.Writer) error { return written.Write(w, evaluation, statistics) })
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

// loadOfDuration loads a scenario under the overrides, in which episodes have the
// duration (s) that the flag gives. Where the flag was not set, an override of the
// duration goes before its default.
func loadOfDuration(name string, set []string, duration float64, flagSet bool) (scenario.Scenario, error) {
	value := strconv.FormatFloat(duration, 'g', -1, 64)
	override := "duration=" + value
	if flagSet {
		if err := checkGivenOnce("duration", value, set); err != nil {
			return scenario.Scenario{}, err
		}
		set = append(set[:len(set):len(set)], override)
	} else {
		set = append([]string{override}, set...)
	}
	s, err := scenario.Load(name, set)
	if err != nil {
		return s, invalid.Errorf("%w", runfolder.Relocated(err, func(e *settings.Error) {
			if flagSet && e.Path == "duration" {
				e.Place = "--duration"
			}
		}))
	}
	return s, nil
}

// checkGivenOnce refuses an override that gives a setting another value than the
// flag of the setting's name does.
func checkGivenOnce(setting, value string, set []string) error {
	for _, override := range set {
		path, given, _ := strings.Cut(override, "=")
		if strings.TrimSpace(path) == setting && !sameNumber(strings.TrimSpace(given), value) {
			return invalid.Errorf("--%s %s, --set %s: give one value: leave one of the two out", setting, value, override)
		}
	}
	return nil
}

// sameNumber says whether two texts write one number.
func sameNumber(a, b string) bool {
	const exact = 1 << 53 // above it whole numbers differ that are one as floats
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return a == b || errX == nil && errY == nil && x == y && math.Abs(x) < exact
}

// heuristicList is the heuristics, a line each.
func heuristicList() string {
	var b strings.Builder
	b.WriteString("Heuristics:\n")
	for _, name := range dispatch.Names() {
		fmt.Fprintf(&b, "  %-12s %s\n", name, dispatch.Summary(name))
	}
	fmt.Fprintf(&b, "Found by search:\n  %-12s %s\n", fixedweights.TargetName, "least own (requests + 1) / weight, the best fixed weights")
	return b.String()
}

// evaluationFormat returns the format of that name.
func evaluationFormat(name string) (report.EvaluationFormat, error) {
	formats := report.EvaluationFormats()
	k := slices.IndexFunc(formats, func(f report.EvaluationFormat) bool { return f.Name == name })
	if k < 0 {
		return report.EvaluationFormat{}, invalid.Errorf("--format %q: must be %s", name, report.EvaluationFormatNames())
	}
	return formats[k], nil
}

// searchWeights searches the best fixed weights for a scenario, in episodes of
// its own duration or that of the overrides.
func (a *app) searchWeights(ctx context.Context, name string, set []string, s scenario.Scenario) (target.Target, error) {
	own, err := scenario.Load(name, set)
	if err != nil {
		return target.Target{}, invalid.Errorf("target %q: the search takes the scenario's own duration: %w", fixedweights.TargetName, err)
	}
	found, err := fixedweights.Search(ctx, own, fixedweights.DefaultSettings(), a.progress)
	if err != nil {
		return target.Target{}, fmt.Errorf("target %q: %w", fixedweights.TargetName, err)
	}
	a.log.Info(found.Note())
	return target.FixedWeights(s, &found), nil
}
