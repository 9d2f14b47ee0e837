package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/estimate"
	"fairlb/env/sim/queueing"
	"fairlb/results/text"
)

func (a *app) theoryCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "theory",
		Short: "Hold the simulator, and what load balancers know, to theory",
		Args:  checked(cobra.NoArgs),
		RunE:  needsCommand,
	}
	var seeds, requests int
	queues := &cobra.Command{
		Use:   "queues",
		Short: "Measure queueing systems whose figures are known",
		Long: fmt.Sprintf(`Measure systems whose mean completion times, tails and losses are known to theory,
each on several seeds, and print theory and measurement with its %g %% interval
(Student's, over the seeds). Exit status 1 says that one is outside.`, 100*queueing.Confidence),
		Example: "  fairlb theory queues --requests 100000 --seeds 40",
		Args:    checked(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case seeds < 2 || seeds > 100000:
				return invalid.Errorf("--seeds %d: must be in [2, 100000]", seeds)
			case requests < 1000 || requests > 100_000_000:
				return invalid.Errorf("--requests %d: must be in [1000, 100000000]", requests)
			}
			var e estimate.Estimate
			e.Add(estimate.Events, "the systems", []string{"--seeds", "--requests"}, float64(len(queueing.Systems(requests))), float64(seeds), float64(requests), 2)
			if err := bounds.Check(e); err != nil {
				return err
			}
			return a.queues(c, seeds, requests)
		},
	}
	queues.Flags().IntVar(&seeds, "seeds", 40, "runs of each system")
	queues.Flags().IntVar(&requests, "requests", 50000, "requests of a run")
	c.AddCommand(queues, a.inferenceCommand(), a.theoryMarkovCommand(), a.theoryPotentialCommand(), a.theoryNashCommand(), a.theoryComplexityCommand())
	return c
}

// queues prints the table of theory and measurements.
func (a *app) queues(c *cobra.Command, seeds, requests int) error {
	table := text.NewTable("system", "quantity", "theory", "ours", "interval", "", "formula")
	outside, total := 0, 0
	for _, s := range queueing.Systems(requests) {
		list, err := s.Measure(c.Context(), seeds)
		if err != nil {
			return err
		}
		for k, m := range list {
			name, mark := m.System, "inside"
			if k > 0 {
				name = ""
			}
			total++
			if !m.Inside {
				mark = "OUTSIDE"
				outside++
			}
			table.Rowf("%s\t%s\t%.5f\t%.5f\t[%.5f, %.5f]\t%s\t%s", name, m.Quantity, m.Theory, m.Mean, m.Low, m.High, mark, m.Source)
		}
	}
	if err := table.Write(a.stdout); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\n%d of %d inside the %g %% interval over %d runs of about %d requests each, the first tenth not counted.\n",
		total-outside, total, 100*queueing.Confidence, seeds, requests)
	if outside > 0 {
		return fmt.Errorf("%d of %d quantities are outside their interval", outside, total)
	}
	return nil
}
