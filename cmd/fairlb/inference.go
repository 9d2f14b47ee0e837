package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/inferred"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/eval"
	"fairlb/results/report"
	"fairlb/results/text"
)

// inferenceSettings are the flags of `fairlb theory inference`.
type inferenceSettings struct {
	scenario  string
	set       []string
	seeds     string
	duration  float64
	particles int
}

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
		return invalid.Errorf("--seeds: %w", err)
	}
	if x.particles < 1 || x.particles > 100_000 {
		return invalid.Errorf("--particles %d: must be in [1, 100000]", x.particles)
	}
	s, err := loadOfDuration(x.scenario, x.set, x.duration, c.Flags().Changed("duration"))
	if err != nil {
		return err
	}
	study, err := inferred.New(s, seeds, x.particles)
	if err != nil {
		return invalid.Errorf("--scenario %s: %w", x.scenario, err)
	}
	explained, evaluation, err := study.Run(c.Context(), a.progress)
	if err != nil {
		return err
	}
	table := text.NewTable("ties", "explained by the inferred number", "by one's own number")
	for _, e := range explained {
		table.Rowf("%s\t%.3f\t%.3f", e.Ties, e.Inferred, e.Own)
	}
	if err := table.Write(a.stdout); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "\nOf the variance of the other load balancer's requests at a server, as they are at arrivals.\n\nTies, and the part of what is inferred that is added to one's own requests:")
	return report.WriteEvaluationText(a.stdout, evaluation, false)
}
