package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"fairlb/env/workload"
)

func (a *app) traceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "trace",
		Short: "Import, look at and fit request traces",
		Args:  checked(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(&cobra.Command{
		Use:   "info FILE...",
		Short: "Print rate, burstiness and sizes of trace files",
		Args:  checked(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, files []string) error {
			w := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
			for k, file := range files {
				s, err := workload.SummariseTrace(file)
				if err != nil {
					return err
				}
				if k > 0 {
					fmt.Fprintln(w)
				}
				fmt.Fprintf(w, "file\t%s\n", file)
				fmt.Fprintf(w, "requests\t%d\n", s.Requests)
				fmt.Fprintf(w, "duration\t%.1f s, from %.1f s on\n", s.Duration, s.Start)
				fmt.Fprintf(w, "rate\t%.1f requests/s; busiest second %.0f\n", s.Rate, s.PeakRate)
				fmt.Fprintf(w, "burstiness\tcv of gaps %.3f, dispersion of seconds %.3f (1 for Poisson)\n", s.GapCV, s.Dispersion)
				fmt.Fprintf(w, "n\tmean %.6g, cv %.3f, largest %.6g\n", s.MeanN, s.CVN, s.MaxN)
			}
			return w.Flush()
		},
	})
	c.AddCommand(a.traceImportCommand())
	return c
}
