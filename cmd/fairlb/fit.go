package main

import (
	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/webfit"
)

func (a *app) fitCommand() *cobra.Command {
	var out string
	var evaluations, seeds int
	c := &cobra.Command{
		Use:   "fit",
		Short: "Fit simulated workloads to published figures",
		Args:  checked(cobra.NoArgs),
		RunE:  needsCommand,
	}
	web := &cobra.Command{
		Use:   "web-mix",
		Short: "Fit the web mix to the heuristics' rows of Tables 11, 12, 14 and 15",
		Long: `Fit the free parameters of the web mix to the rows of WCMP, LSQ and SED in
Tables 11, 12, 14 and 15, on training seeds; no learned row has a part in it.
Rates beyond 2500 queries/s, where the servers are overloaded, are left out of
the fit, and a cell's square counts linearly from three standard errors on
(Huber). Then print parameters and residuals, measured on seeds that the search
did not see, and write every cell to web-mix.csv and a picture to web-mix.png.
The parameters that came out are those of the built-in scenarios.`,
		Example: "  fairlb fit web-mix --out results/fit",
		Args:    checked(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case evaluations < 1 || evaluations > 100000:
				return invalid.Errorf("--evaluations %d: must be in [1, 100000]", evaluations)
			case seeds < 1 || seeds > 1000:
				return invalid.Errorf("--seeds %d: must be in [1, 1000]", seeds)
			}
			fit := webfit.Fit{Dir: out, Evaluations: evaluations, Seeds: seeds, Log: a.log, Progress: a.progress}
			found, err := fit.Run(c.Context())
			if err != nil {
				return err
			}
			return found.Print(a.stdout)
		},
	}
	web.Flags().StringVar(&out, "out", "runs/fit", "folder for the cells and the picture")
	web.Flags().IntVar(&evaluations, "evaluations", 250, "simulations of all cells, at most")
	web.Flags().IntVar(&seeds, "seeds", 6, "seeds of a moderate-scale run in the search; a third of it at large scale, twice as many for the residuals")
	c.AddCommand(web)
	return c
}
