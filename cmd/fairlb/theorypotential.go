package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/jointplay"
	"fairlb/env/estimate"
	"fairlb/env/scenario"
	"fairlb/eval"
	"fairlb/eval/theory/potential"
	"fairlb/results/report"
	"fairlb/results/text"
)

// potentialSettings are the flags of `fairlb theory potential`.
type potentialSettings struct {
	scenario, seeds, loads string
	set, against           []string
	duration               float64
	servers, tries         int
}

func (a *app) theoryPotentialCommand() *cobra.Command {
	x := potentialSettings{scenario: "sim-moderate/pure-cpu", seeds: "1000-1009", loads: "ongoing", against: []string{"lsq", "sed"}, duration: 60, servers: 3, tries: 20_000}
	c := &cobra.Command{
		Use:   "potential [TARGET...]",
		Short: "Hold Lemma 11, Theorem 14 and Propositions 12 and 13 (appendix B) to what comes out",
		Long: `Without a TARGET: solve small games exactly, and say where Theorem 14 (VBF rewards
make a Markov potential game) holds in them; and try Propositions 12 and 13 and their
converses on random loads.

With TARGETs (lsq, sed, a run's folder or a checkpoint): play episodes in which all
load balancers follow the TARGET, and hold Lemma 11 to the loads at each step, as it
is printed and as it is mended, with the covariance that the printed one leaves out.
Then let load balancer 0 alone follow each of --against, on the same arrivals: epsilon
is the change of its own reward less that of the fairness of all loads, a step.`,
		Example: "  fairlb theory potential lsq sed runs/demo --scenario sim-moderate/pure-cpu --seeds 1000-1009",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.potentialOfGames(x)
			}
			return a.potentialOfTargets(c, args, x)
		},
	}
	c.Flags().StringVar(&x.scenario, "scenario", x.scenario, "built-in scenario or scenario file")
	c.Flags().StringArrayVar(&x.set, "set", nil, "path=value, put into the scenario (repeatable)")
	c.Flags().StringVar(&x.seeds, "seeds", x.seeds, "seeds of the episodes, such as 1000-1019,7")
	c.Flags().Float64Var(&x.duration, "duration", x.duration, "s of arrivals in an episode")
	c.Flags().StringVar(&x.loads, "loads", x.loads, "what a load is: ongoing (requests over the server's capacity) or estimated (what rewards are made of)")
	c.Flags().StringSliceVar(&x.against, "against", x.against, "what load balancer 0 deviates to: lsq, sed, a run's folder or a checkpoint, each in turn")
	c.Flags().IntVar(&x.servers, "servers", x.servers, "servers of the random loads")
	c.Flags().IntVar(&x.tries, "tries", x.tries, "random loads that each reading of a proposition is tried on")
	return c
}

// potentialOfGames prints what needs no episodes.
func (a *app) potentialOfGames(x potentialSettings) error {
	switch {
	case x.servers < 2 || x.servers > 5:
		return invalid.Errorf("--servers %d: must be in [2, 5]", x.servers)
	case x.tries < 1 || x.tries > 10_000_000:
		return invalid.Errorf("--tries %d: must be in [1, 10000000]", x.tries)
	}
	if err := report.WriteSmallGamesText(a.stdout, potential.SmallGames()); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	return report.WritePropositionsText(a.stdout, x.servers, potential.Propositions(x.servers, x.tries, rand.New(rand.NewPCG(1, 12))))
}

// potentialOfTargets plays and prints.
func (a *app) potentialOfTargets(c *cobra.Command, names []string, x potentialSettings) error {
	seeds, err := eval.ParseSeeds(x.seeds)
	if err != nil {
		return invalid.Errorf("--seeds: %w", err)
	}
	if len(seeds) < 2 {
		return invalid.Errorf("--seeds %s: must be at least 2", x.seeds)
	}
	measure := jointplay.Measure(x.loads)
	if measure != jointplay.Ongoing && measure != jointplay.Estimated {
		return invalid.Errorf("--loads %q: must be ongoing or estimated", x.loads)
	}
	s, err := loadOfDuration(x.scenario, x.set, x.duration, c.Flags().Changed("duration"))
	if err != nil {
		return err
	}
	targets, err := parsePolicies(s, names)
	if err != nil {
		return err
	}
	against, err := parsePolicies(s, x.against)
	if err != nil {
		return fmt.Errorf("--against: %w", err)
	}
	e := s.Estimate(true)
	e.Add(estimate.Events, "the episodes", []string{"--seeds", "--against"}, e.Total(estimate.Events), float64(len(seeds)), float64(len(targets)), float64(1+len(against)))
	if err := bounds.Check(e); err != nil {
		return err
	}
	player := &jointplay.Player{Scenario: s, Measure: measure}
	labels, others := text.Labels(names), text.Labels(x.against)
	var lemmas []report.LemmaRow
	var deviations []report.DeviationRow
	for k, t := range targets {
		base, err := player.PlaySeeds(c.Context(), t, t, -1, seeds)
		if err != nil {
			return err
		}
		lemma, err := potential.Examine(base)
		if err != nil {
			return err
		}
		lemmas = append(lemmas, report.LemmaRow{Target: labels[k], Lemma: lemma})
		for o, other := range against {
			if other.Name == t.Name {
				continue
			}
			deviated, err := player.PlaySeeds(c.Context(), t, other, 0, seeds)
			if err != nil {
				return err
			}
			row, err := jointplay.DeviationRow(base, deviated)
			if err != nil {
				return err
			}
			row.Target, row.Against = labels[k], others[o]
			deviations = append(deviations, row)
		}
	}
	title := fmt.Sprintf("%s: %s of %g s, %d load balancers, loads %s", s.Name, text.Count(len(seeds), "episode"), s.Duration, s.LBs, measure)
	return report.WritePotentialText(a.stdout, title, lemmas, deviations)
}

// parsePolicies reads names of policies.
func parsePolicies(s scenario.Scenario, names []string) ([]jointplay.Policy, error) {
	var list []jointplay.Policy
	for _, name := range names {
		p, err := jointplay.Parse(s, name)
		if err != nil {
			return nil, invalid.Errorf("%w", err)
		}
		list = append(list, p)
	}
	return list, nil
}
