package main

import (
	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/webfit"
)

func (a *app) fitCommand() *cobra.Command {
	var out string
	var design, starts, iterations, seeds int
	c := &cobra.Command{
		Use:   "fit",
		Short: "Fit simulated workloads to published figures",
		Args:  checked(cobra.NoArgs),
		RunE:  needsCommand,
	}
	web := &cobra.Command{
		Use:   "web-mix",
		Short: "Fit the web mix to the heuristics' rows of Tables 11 to 16",
		Long: `Fit the numbers of the web mix that the paper does not print to the rows of
WCMP, LSQ and SED, on training seeds; no learned row has a part in it: those of
pages and servers to Tables 14 and 15, load and mix of each hour to Tables 11 to
13, and the background jobs to Table 16. The rate of 1097 queries/s is held out;
rates beyond 2300 queries/s, where queries pile up or fail, are left out.
The search looks at values all over the bounds, then descends from the best of
them; a cell's square counts linearly from three standard errors on (Huber).
Then the twin is fitted anew without each of its parts, and with others.

Print the numbers with bootstrap intervals, and what is left of every cell on
seeds that the search did not see; write the cells to web-mix.csv and a picture
to web-mix.png. The numbers that came out are those of the built-in scenarios.`,
		Example: "  fairlb fit web-mix --out results/fit",
		Args:    checked(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			for _, flag := range []struct {
				name         string
				value, least int
				most         int
			}{{"design", design, 0, 100000}, {"starts", starts, 1, 100}, {"iterations", iterations, 1, 100}, {"seeds", seeds, 1, 1000}} {
				if flag.value < flag.least || flag.value > flag.most {
					return invalid.Errorf("--%s %d: must be in [%d, %d]", flag.name, flag.value, flag.least, flag.most)
				}
			}
			fit := webfit.Fit{Dir: out, Design: design, Starts: starts, Iterations: iterations, Seeds: seeds, Log: a.log, Progress: a.progress}
			found, err := fit.Run(c.Context())
			if err != nil {
				return err
			}
			return found.Print(a.stdout)
		},
	}
	web.Flags().StringVar(&out, "out", "runs/fit", "folder for the cells and the picture")
	web.Flags().IntVar(&design, "design", 60, "places spread over the ranges that are looked at before the descents")
	web.Flags().IntVar(&starts, "starts", 3, "descents, from the best of these places")
	web.Flags().IntVar(&iterations, "iterations", 6, "steps of a descent, at most")
	web.Flags().IntVar(&seeds, "seeds", 2, "seeds of a large-scale run in the search; three times as many at moderate scale")
	c.AddCommand(web)
	return c
}
