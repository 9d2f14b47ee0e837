package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/cmd/fairlb/internal/traced"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/results/report"
)

func (a *app) evalCommand() *cobra.Command {
	var f evaluationFlags
	var where string
	var compare bool
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

--env testbed is fairlb testbed run: the requests go, at their times, through real
load balancers on this machine to emulated servers, and an episode takes as long as
it says. --compare simulates each target beside it.

` + heuristicList(),
		Example: "  fairlb eval lsq sed runs/demo --scenario sim-moderate/pure-cpu --seeds 1000-1019 --duration 300",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkEnvironment(where, compare); err != nil {
				return err
			}
			return a.evaluation(c, &f, args, where == testbedEnvironment, compare)
		},
	}
	f.add(c, "1000-1019", 300, "s of arrivals in an episode")
	c.Flags().StringVar(&where, "env", simulatedEnvironment, "sim, or testbed: real time and real sockets, on this machine")
	c.Flags().BoolVar(&compare, "compare", false, "with --env testbed: simulate each target, too")
	c.Flags().BoolVar(&f.statistics, "statistics", false, "in text, also interquartile means, probabilities of improvement and fairness of load")
	return c
}

// The environments that --env names.
const (
	simulatedEnvironment = "sim"
	testbedEnvironment   = "testbed"
)

// checkEnvironment says what is wrong with the flags of the environment.
func checkEnvironment(where string, compare bool) error {
	switch {
	case where != simulatedEnvironment && where != testbedEnvironment:
		return invalid.Errorf("--env %q: must be %s or %s", where, simulatedEnvironment, testbedEnvironment)
	case compare && where != testbedEnvironment:
		return invalid.Errorf("--compare: needs --env %s, beside whose figures it sets the simulator's", testbedEnvironment)
	}
	return nil
}

// evaluateSimulated evaluates the targets of these names in the simulator, and leaves traces
// of their episodes if a folder for them is given.
func (a *app) evaluateSimulated(ctx context.Context, s scenario.Scenario, names []string, seeds []uint64, search func() (target.Target, error), traces *traced.Folder) (*eval.Evaluation, error) {
	targets, err := target.ParseAll(s, names, search)
	if err != nil {
		return nil, err
	}
	for k, t := range targets {
		targets[k] = traces.Target(t, false)
	}
	return target.Evaluate(ctx, s, targets, seeds, 0, a.progress)
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
