package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/jointplay"
	"fairlb/env/estimate"
	"fairlb/eval"
	"fairlb/eval/theory/nash"
	"fairlb/results/report"
	"fairlb/results/text"
)

// nashSettings are the flags of `fairlb theory nash`.
type nashSettings struct {
	scenario, seeds string
	set             []string
	duration        float64
	loads, ratios   []float64
	most            int
	rounds, pairs   int
	seed            uint64
}

func (a *app) theoryNashCommand() *cobra.Command {
	x := nashSettings{scenario: "misweighted/1.0", seeds: "1000-1039", duration: 60, loads: []float64{0.3, 0.5, 0.7}, most: 28, rounds: 40, pairs: 16, seed: 1}
	c := &cobra.Command{
		Use:   "nash [TARGET...]",
		Short: "What load balancers lose that each look after their own: equilibria and Nash gaps",
		Long: `Without a TARGET: two load balancers that share two servers of speeds 4 and 1 choose
weights from a list. Every pair is solved exactly; printed are the pure equilibria of
load balancers judged by the time of their own requests, by the VBF of their own loads
and by the time of all, beside the best pair.

With TARGETs (lsq, sed, a run's folder or a checkpoint): each load balancer in turn
searches a better response to the others, which stay as they are, by an evolution
strategy on paired workloads: a tilt, which raises the logarithms of its weights by a
number a server. What it gains on held-out seeds is a lower bound of the Nash gap. Then
all are tilted together, judged by the team.`,
		Example: "  fairlb theory nash sed runs/demo --scenario misweighted/1.0",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.smallEquilibria(x)
			}
			return a.nashGaps(c, args, x)
		},
	}
	c.Flags().Float64SliceVar(&x.loads, "loads", x.loads, "loads of the two servers")
	c.Flags().Float64SliceVar(&x.ratios, "ratios", nil, "weights of the fast server over the slow one that may be chosen (default a list for each rule)")
	c.Flags().IntVar(&x.most, "most", x.most, "tasks in the system at once that are told apart; more are lost, and the table says how many")
	c.Flags().StringVar(&x.scenario, "scenario", x.scenario, "built-in scenario or scenario file")
	c.Flags().StringArrayVar(&x.set, "set", nil, "path=value, put into the scenario (repeatable)")
	c.Flags().StringVar(&x.seeds, "seeds", x.seeds, "held-out seeds, on which gains are measured")
	c.Flags().Float64Var(&x.duration, "duration", x.duration, "s of arrivals in an episode")
	c.Flags().IntVar(&x.rounds, "rounds", x.rounds, "rounds of a search")
	c.Flags().IntVar(&x.pairs, "pairs", x.pairs, "pairs of tilts in a round, each on a workload of its own")
	c.Flags().Uint64Var(&x.seed, "seed", x.seed, "seed of the search")
	return c
}

// smallEquilibria prints what is solved exactly.
func (a *app) smallEquilibria(x nashSettings) error {
	var list []*nash.Solved
	if x.most > 40 {
		return invalid.Errorf("--most %d: must be in [1, 40]", x.most)
	}
	for _, rule := range []nash.Rule{nash.Random, nash.Shortest} {
		for _, load := range x.loads {
			c := nash.Case{Speeds: [2]float64{4, 1}, Load: load, Shares: [2]float64{0.5, 0.5}, Rule: rule, Ratios: nash.Ratios(rule), Most: x.most}
			if x.ratios != nil {
				c.Ratios = x.ratios
			}
			s, err := c.Solve()
			if err != nil {
				return invalid.Errorf("%w", err)
			}
			list = append(list, s)
		}
	}
	return report.WriteEquilibriaText(a.stdout, list)
}

// nashGaps searches and prints.
func (a *app) nashGaps(c *cobra.Command, names []string, x nashSettings) error {
	seeds, err := eval.ParseSeeds(x.seeds)
	switch {
	case err != nil:
		return invalid.Errorf("--seeds: %w", err)
	case len(seeds) < 2:
		return invalid.Errorf("--seeds %s: must be at least 2", x.seeds)
	case x.rounds < 2 || x.rounds > 100_000:
		return invalid.Errorf("--rounds %d: must be in [2, 100000]", x.rounds)
	case x.pairs < 1 || x.pairs > 100_000:
		return invalid.Errorf("--pairs %d: must be in [1, 100000]", x.pairs)
	}
	s, err := loadOfDuration(x.scenario, x.set, x.duration, c.Flags().Changed("duration"))
	if err != nil {
		return err
	}
	targets, err := parsePolicies(s, names)
	if err != nil {
		return err
	}
	e := s.Estimate(true)
	e.Add(estimate.Events, "the searches", []string{"--rounds", "--pairs", "--seeds"}, e.Total(estimate.Events), float64(len(targets)), float64(s.LBs+1), float64(2*x.rounds*x.pairs+len(seeds)))
	if err := bounds.Check(e); err != nil {
		return err
	}
	labels := text.Labels(names)
	var rows []report.GapRow
	for k, t := range targets {
		search := jointplay.GapSearch{Player: &jointplay.Player{Scenario: s}, Policy: t, Rounds: x.rounds, Pairs: x.pairs, Seed: x.seed, HeldOut: seeds}
		row, err := search.Row(c.Context())
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		row.Target = labels[k]
		rows = append(rows, row)
		a.log.WithField("target", labels[k]).Info("searched")
	}
	title := fmt.Sprintf("%s: %s of %g s, %d load balancers; searches of %d rounds of %d pairs", s.Name, text.Count(len(seeds), "held-out episode"), s.Duration, s.LBs, x.rounds, x.pairs)
	return report.WriteGapsText(a.stdout, title, rows)
}
