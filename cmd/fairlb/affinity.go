package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/eval"
	"fairlb/eval/affinity"
	"fairlb/results/text"
)

// affinitySettings are the flags of the command.
type affinitySettings struct {
	scenario, seeds string
	set             []string
	duration        float64
	windows         int
}

func (a *app) affinityCommand() *cobra.Command {
	x := affinitySettings{seeds: "1000-1004", duration: 60, windows: 6}
	c := &cobra.Command{
		Use:   "affinity TARGET...",
		Short: "Show how load balancers divide servers among themselves",
		Long: `Show how the load balancers divide the servers among themselves under each TARGET
(a heuristic, a run's folder or a checkpoint), beside its completion times. Episodes
are cut into windows. Printed, as means over seeds:
  used     the servers that a load balancer uses, as a part of all, in the last window:
           (sum of its requests)^2 / (servers * sum of their squares)
  main     the part of a server's requests that comes from the load balancer that
           sends it most, in the last window
  overlap  what two load balancers have in common: the sum over servers of the lesser
           of their parts of requests, in the last window
  lasting  the correlation of load balancers' parts of servers between neighbouring
           windows, and between the first and the last`,
		Example: "  fairlb affinity lsq sed sed-global self-tuning --scenario many-lbs/8x100-0.85",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE:    func(c *cobra.Command, args []string) error { return a.affinity(c, args, x) },
	}
	c.Flags().StringVar(&x.scenario, "scenario", "", "built-in scenario or scenario file (required)")
	c.Flags().StringArrayVar(&x.set, "set", nil, "path=value, put into the scenario (repeatable)")
	c.Flags().StringVar(&x.seeds, "seeds", x.seeds, "seeds of the episodes, such as 1000-1019,7")
	c.Flags().Float64Var(&x.duration, "duration", x.duration, "s of arrivals in an episode")
	c.Flags().IntVar(&x.windows, "windows", x.windows, "windows that an episode is cut into")
	return c
}

// affinity evaluates and prints.
func (a *app) affinity(c *cobra.Command, names []string, x affinitySettings) error {
	seeds, err := eval.ParseSeeds(x.seeds)
	if err != nil {
		return invalid.Errorf("--seeds: %w", err)
	}
	if x.windows < 1 || x.windows > 1000 {
		return invalid.Errorf("--windows %d: must be in [1, 1000]", x.windows)
	}
	if x.scenario == "" {
		return invalid.Errorf("--scenario: must name a built-in scenario (fairlb scenarios lists them) or a file")
	}
	s, err := loadOfDuration(x.scenario, x.set, x.duration, c.Flags().Changed("duration"))
	if err != nil {
		return err
	}
	targets, err := target.ParseAll(s, names, nil)
	if err != nil {
		return err
	}
	watched := make([]*affinity.Watched, len(targets))
	for i := range targets {
		targets[i].Target, watched[i] = affinity.Watch(targets[i].Target, x.windows, s.Duration)
	}
	evaluation, err := target.Evaluate(c.Context(), s, targets, seeds, 0, a.progress)
	if err != nil {
		return err
	}
	var list []affinity.Figures
	for _, w := range watched {
		var episodes []affinity.Figures
		for _, seed := range seeds {
			f, err := w.Of(seed)
			if err != nil {
				return invalid.Errorf("%w", err)
			}
			episodes = append(episodes, f)
		}
		list = append(list, affinity.Mean(episodes))
	}
	return a.printAffinity(evaluation, list, x.windows)
}

func (a *app) printAffinity(e *eval.Evaluation, list []affinity.Figures, windows int) error {
	table := text.NewTable("target", "mean s", "to sed", "95 % interval", "p99 s", "failed %", "used", "main", "overlap", "lasting", "to the last")
	table.Indent = "  "
	table.Right(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	for i, f := range list {
		r := e.Results[i].Class(eval.AllClasses)
		ratio, interval := "", ""
		if d := r.VsSED; d != nil {
			ratio = fmt.Sprintf("%.3f", 1+d.Diff/d.Base)
			interval = fmt.Sprintf("[%.3f, %.3f]", 1+d.Lo/d.Base, 1+d.Hi/d.Base)
		}
		lasting, last := "", ""
		if n := len(f.Lasting); n > 0 {
			lasting, last = fmt.Sprintf("%.2f", f.Lasting[0]), fmt.Sprintf("%.2f", f.Lasting[n-1])
		}
		table.Rowf("%s\t%.4g\t%s\t%s\t%.4g\t%.2g\t%.2f\t%.2f\t%.2f\t%s\t%s", e.Results[i].Target, r.Mean, ratio, interval, r.P99,
			100*float64(r.Failed)/float64(r.N), f.Used, f.Main, f.Overlap, lasting, last)
	}
	if err := table.Write(a.stdout); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "\n%s: %d seeds of %g s, %d windows of %.3g s; failures count at their timeout.\n", e.Scenario, len(e.Seeds), e.DurationS, windows, e.DurationS/float64(windows))
	return err
}
