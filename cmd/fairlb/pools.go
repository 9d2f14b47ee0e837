package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/scenario"
	"fairlb/eval"
	"fairlb/eval/pools"
	"fairlb/results/text"
)

// poolsSettings are the flags of the command.
type poolsSettings struct {
	family       string // of scenarios that are drawn at random
	pools, seeds string
	duration     float64  // s; 0: the pool's own
	set          []string // path=value, put into the scenario of each pool
}

func (a *app) poolsCommand() *cobra.Command {
	var x poolsSettings
	c := &cobra.Command{
		Use:   "pools TARGET...",
		Short: "Evaluate rules on many pools of servers that are drawn at random",
		Long: `Evaluate heuristics, and runs of method universal, on the scenarios random-pool/NUMBER: pools of 2 to 64 servers
behind 1 to 8 load balancers, with hidden speeds, at loads of 0.5 to 0.95, of which
two in three have servers that change speed (fairlb scenarios show random-pool/1); with
--family random-service, on random-service/NUMBER, of which more do IO, some have bursts
or servers that fail, and one in four is of the web scenarios' kind.
Printed are geometric means over pools of the ratio of mean completion times to
SED's on the same arrivals, with 95 % intervals over pools, and to the best
heuristic of each pool, but for what was learned, is told by servers (carried,
universal-carried) or sees classes of requests (class-aware).
Several trainings of one recipe are a row each and one of them all, whose intervals are
over pools and trainings.

--duration is how long each pool is played; without it, a pool's own time, until each
load balancer has sent 60 to 1000 requests to a server, on average.

A heuristic's constants may be given behind its name. Those of self-tuning were
chosen on the pools 1 to 192; its figures are to be taken from others.`,
		Example: "  fairlb pools lsq sed self-tuning self-tuning:exponent=1,window=50 --pools 1-48\n" +
			"  fairlb pools self-tuning carried --set reports.carried=true",
		Args: checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return a.pools(c, args, x) },
	}
	c.Flags().StringVar(&x.family, "family", scenario.RandomPools, "of scenarios that are drawn at random: "+strings.Join(scenario.RandomFamilies(), " or "))
	c.Flags().StringVar(&x.pools, "pools", "1001-1048", "numbers of the pools, such as 1-48,60")
	c.Flags().Float64Var(&x.duration, "duration", 0, "s of arrivals in an episode; 0: the pool's own")
	c.Flags().StringArrayVar(&x.set, "set", nil, "path=value, put into the scenario of each pool (repeatable)")
	c.Flags().StringVar(&x.seeds, "seeds", "1", "seeds of the episodes of each pool, such as 1-3")
	return c
}

// pools evaluates and prints.
func (a *app) pools(c *cobra.Command, heuristics []string, x poolsSettings) error {
	numbers, err := eval.ParseSeeds(x.pools)
	if err != nil {
		return invalid.Errorf("--pools: %w", err)
	}
	seeds, err := eval.ParseSeeds(x.seeds)
	if err != nil {
		return invalid.Errorf("--seeds: %w", err)
	}
	if !slices.Contains(scenario.RandomFamilies(), x.family) {
		return invalid.Errorf("--family %q: must be %s", x.family, strings.Join(scenario.RandomFamilies(), " or "))
	}
	if x.duration != 0 {
		x.set = append(x.set, fmt.Sprintf("duration=%g", x.duration))
	}
	bar := a.progress.Bar("evaluating pools", len(numbers))
	defer bar.Close()
	evaluations, err := target.EvaluatePools(c.Context(), x.family, numbers, x.set, withBaseline(heuristics), seeds, func(done int) { bar.Set(done, "") })
	if err != nil {
		return err
	}
	list, err := pools.Compare(evaluations, eval.DefaultBaseline, target.KnowsMore)
	if err != nil {
		return err
	}
	return a.printPools(list, len(numbers), len(seeds))
}

// withBaseline returns the heuristics, with SED before them where it is not among them.
func withBaseline(heuristics []string) []string {
	if slices.Contains(heuristics, eval.DefaultBaseline) {
		return heuristics
	}
	return append([]string{eval.DefaultBaseline}, heuristics...)
}

func (a *app) printPools(list []pools.Figures, numbers, seeds int) error {
	table := text.NewTable("target", "to sed", "95 % interval", "to the best", "95 % interval", "at worst", "p99 to sed", "failed %")
	table.Indent = "  "
	table.Right(1, 2, 3, 4, 5, 6, 7)
	interval := func(lo, hi float64) string {
		if math.IsNaN(lo) {
			return ""
		}
		return fmt.Sprintf("[%.3f, %.3f]", lo, hi)
	}
	for _, f := range list {
		ratio := interval(f.Lo, f.Hi)
		if f.Target == eval.DefaultBaseline {
			ratio = ""
		}
		table.Rowf("%s\t%.3f\t%s\t%.3f\t%s\t%.3f\t%.3f\t%.3g", f.Target, f.Ratio, ratio, f.ToBest, interval(f.BestLo, f.BestHi), f.Worst, f.P99, 100*f.Failed)
	}
	if err := table.Write(a.stdout); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "\nGeometric means over %d pools of ratios of mean completion times, %d episodes each; failures count at their timeout.\nto the best: of these, but for what was learned, is told by servers or sees classes, in each pool; at worst: the greatest of these ratios.\n", numbers, seeds)
	return err
}
