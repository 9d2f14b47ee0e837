package main

import (
	"io"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/file"
	"fairlb/eval/eventcost"
	"fairlb/results/chart"
	"fairlb/results/text"
)

func (a *app) growthCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "growth FILE",
		Short: "Draw what an event costs as the simulated system grows",
		Long: `Draw what an event costs over the numbers of servers and load balancers, from
the output of the benchmark of growth, and print medians and ranges of its runs.`,
		Example: "  go test -run '^$' -bench Growth -count 5 ./env/sim > growth.txt\n  fairlb growth growth.txt --out growth.png",
		Args:    checked(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			format, err := files.PictureFormat("--out", out)
			if err != nil {
				return err
			}
			if err := files.CheckOutput("--out", out, args[0]); err != nil {
				return err
			}
			f, err := file.Open(args[0])
			if err != nil {
				return invalid.Errorf("%w", err)
			}
			defer f.Close()
			list, err := eventcost.Read(f)
			if err != nil {
				return invalid.Errorf("%s: %w", args[0], err)
			}
			draw := func(w io.Writer) error {
				return chart.DrawEventCost(w, list, format)
			}
			if err := files.Write(out, draw); err != nil {
				return err
			}
			table := text.NewTable("servers", "LBs", "ns an event", "from", "to", "runs")
			table.Indent = "  "
			table.Right(0, 1, 2, 3, 4, 5)
			for _, g := range list {
				table.Rowf("%d\t%d\t%.0f\t%.0f\t%.0f\t%d", g.Servers, g.LBs, g.Median(), g.Nanoseconds[0], g.Nanoseconds[len(g.Nanoseconds)-1], len(g.Nanoseconds))
			}
			return table.Write(a.stdout)
		},
	}
	c.Flags().StringVar(&out, "out", "growth.png", "the picture: .svg, .png or .pdf")
	return c
}
