package main

import (
	"bytes"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/learning"
	"fairlb/results/chart"
)

func (a *app) plotCommand() *cobra.Command {
	var out, compare string
	c := &cobra.Command{
		Use:   "plot RUN...",
		Short: "Draw the learning curve of training runs of one recipe",
		Long: `Draw the mean completion time of the requests of training over its episodes,
as mean and range of the runs given, beside heuristics on the arrivals of the first
forty episodes. Of runs with validation_seeds it is that of validation, without
exploring, beside heuristics on the same seeds. The runs must be of one recipe: they differ in their seeds alone.`,
		Example: "  fairlb plot runs/a-seed1 runs/a-seed2 runs/a-seed3 --out curve.png",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, runs []string) error {
			format, err := files.PictureFormat("--out", out)
			if err != nil {
				return err
			}
			if err := files.CheckOutput("--out", out); err != nil {
				return err
			}
			drawn, err := learning.Gather(c.Context(), runs, strings.Split(compare, ","))
			if err != nil {
				return err
			}
			var picture bytes.Buffer
			if err := chart.DrawLearningCurves(&picture, drawn.Title, drawn.Curves, drawn.Levels, format); err != nil {
				return err
			}
			if err := files.WriteBytes(out, picture.Bytes()); err != nil {
				return err
			}
			a.log.WithField("file", out).Info("drawn")
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "learning.svg", "the picture: .svg, .png or .pdf")
	c.Flags().StringVar(&compare, "compare", "lsq,sed,oracle", "heuristics to draw beside, empty for none")
	return c
}
