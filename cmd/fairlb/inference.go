package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/env/sim/inference"
	"fairlb/eval"
	"fairlb/eval/episodes"
	"fairlb/results/report"
	"fairlb/train"
)

// inferenceSettings are the flags of `fairlb theory inference`.
type inferenceSettings struct {
	scenario  string
	set       []string
	seeds     string
	duration  float64
	particles int
}

// calibrations is how many training episodes the rates are measured in.
const calibrations = 10

// trusts are the parts of what is inferred that are tried.
func trusts() []float64 { return []float64{0, 0.2, 0.5, 1} }

// inOrder is what each place in the order of servers adds to a score where ties
// are not broken by lot: of eight servers' so little that only ties change, but
// enough that small inferred numbers do not undo it.
const inOrder = 0.05

func (a *app) inferenceCommand() *cobra.Command {
	x := inferenceSettings{scenario: "sim-moderate/pure-cpu", seeds: "500-519", duration: 300, particles: 100}
	c := &cobra.Command{
		Use:   "inference",
		Short: "Measure what a load balancer can infer of the others' requests, and what that is worth",
		Long: `Let each of two load balancers infer how many requests the other has at each server
from when its own were sent and came back, by a particle filter that is told what
no load balancer knows (the servers' speeds, the law of demands, how often the
other sends a request to a server with so many of its own), and dispatch by SED on
its own requests and a part of what it inferred. Printed: how much of the variance
of the other's requests is explained, and the mean completion time, with ties by
lot and in an order (as sed and sed-ordered), beside SED that sees all queues.`,
		Example: "  fairlb theory inference --scenario misweighted/1.0 --particles 200",
		Args:    checked(cobra.NoArgs),
		RunE:    func(c *cobra.Command, _ []string) error { return a.inference(c, x) },
	}
	c.Flags().StringVar(&x.scenario, "scenario", x.scenario, "built-in scenario or scenario file: fifo, exponential demands of one stage, two load balancers")
	c.Flags().StringArrayVar(&x.set, "set", nil, "path=value, put into the scenario (repeatable)")
	c.Flags().StringVar(&x.seeds, "seeds", x.seeds, "seeds of the episodes, such as 500-519,7")
	c.Flags().Float64Var(&x.duration, "duration", x.duration, "s of arrivals in an episode")
	c.Flags().IntVar(&x.particles, "particles", x.particles, "queues that a filter holds")
	return c
}

// inference measures and prints.
func (a *app) inference(c *cobra.Command, x inferenceSettings) error {
	seeds, err := eval.ParseSeeds(x.seeds)
	if err != nil {
		return usage("--seeds: %w", err)
	}
	if x.particles < 1 || x.particles > 100_000 {
		return usage("--particles %d: must be in [1, 100000]", x.particles)
	}
	s, err := scenario.Load(x.scenario, append(x.set[:len(x.set):len(x.set)], fmt.Sprintf("duration=%g", x.duration)))
	if err != nil {
		return usage("%w", err)
	}
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	if err := inference.Check(&cfg); err != nil {
		return usage("--scenario %s: %w", x.scenario, err)
	}
	if law := s.Workload.Classes[0].Stages[0].Law; law != "exponential" || s.Workload.Trace != "" {
		return usage("--scenario %s: %w: its demands must be exponential, not of law %s", x.scenario, inference.ErrScenario, law)
	}

	training := make([]uint64, calibrations)
	for k := range training {
		training[k] = train.EpisodeSeed(0, k)
	}
	var targets []episodes.Target
	w := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "ties\texplained by the inferred number\tby one's own number\n")
	for _, order := range []float64{0, inOrder} {
		plain := inference.Config{Servers: cfg.Servers, Demand: cfg.Classes[0].Stages[0].Law.Mean(), Order: order, Particles: x.particles}
		calibration := inference.NewCalibration(cfg.LBs, len(cfg.Servers))
		if err := inference.Run(c.Context(), cfg, training, []inference.Config{plain, plain}, calibration, nil); err != nil {
			return err
		}
		told := func(lb int, trust float64) inference.Config {
			rule := plain
			rule.Arrivals, rule.Trust = calibration.Rates(1-lb), trust
			return rule
		}
		tally := inference.NewTally(len(cfg.Servers))
		if err := inference.Run(c.Context(), cfg, seeds, []inference.Config{told(0, 0), told(1, 0)}, nil, tally); err != nil {
			return err
		}
		inferred, own := tally.Explained()
		ties := "by lot"
		if order > 0 {
			ties = "in order"
		}
		fmt.Fprintf(w, "%s\t%.3f\t%.3f\n", ties, inferred, own)
		for _, trust := range trusts() {
			targets = append(targets, episodes.Target{
				Name: fmt.Sprintf("%s, %g", ties, trust),
				Env: open(s, func(cfg *sim.Config) {
					cfg.Rule = func(lb int) (dispatch.Rule, error) { return inference.NewRule(told(lb, trust), lb, nil, nil) }
				}).plain(),
			})
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "\nOf the variance of the other load balancer's requests at a server, as they are at arrivals.\n\nTies, and the part of what is inferred that is added to one's own requests:")
	targets = append([]episodes.Target{heuristicTarget(s, eval.DefaultBaseline), heuristicTarget(s, "sed-true"), heuristicTarget(s, "sed-global")}, targets...)
	bar := a.newBar("evaluating", len(targets)*len(seeds))
	results, err := episodes.Run(c.Context(), episodes.Config{Seeds: seeds, Classes: s.ClassNames(), Progress: func(done, _ int) { bar.set(done, "") }}, targets)
	bar.close()
	if err != nil {
		return err
	}
	evaluation := eval.Evaluation{Scenario: s.Name, Seeds: seeds, DurationS: s.Duration, Results: results}
	return report.WriteEvaluationText(a.stdout, &evaluation, false)
}
