package main

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/learning"
	"fairlb/results/chart"
	"fairlb/results/report"
)

func (a *app) plotCommand() *cobra.Command {
	var out, compare string
	c := &cobra.Command{
		Use:   "plot RUN...",
		Short: "Draw the learning curve of training runs",
		Long: `Draw the mean completion time of the requests of training over its episodes,
as mean and range of the runs given, beside heuristics on the arrivals of the first
forty episodes. The runs must be of one recipe: they differ in their seeds alone.

Of runs with validation_seeds it is that of validation, without exploring, beside
heuristics on the same seeds, over sed's if it is among them. Such runs may be of
several recipes, which are named as their folders are, without -seedN at the end. As .csv,
their curves and levels are written as data, of which fairlb figures recorded draws the picture.`,
		Example: "  fairlb plot runs/a-seed1 runs/a-seed2 runs/a-seed3 --out curve.png",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, runs []string) error {
			format := "csv"
			if filepath.Ext(out) != ".csv" {
				var err error
				if format, err = files.PictureFormat("--out", out); err != nil {
					return err
				}
			}
			if err := files.CheckOutput("--out", out); err != nil {
				return err
			}
			drawn, err := learning.Gather(c.Context(), runs, strings.Split(compare, ","))
			if err != nil {
				return err
			}
			if format == "csv" && !drawn.Greedy() {
				return invalid.Errorf("--out %s: only curves of validation are written as data (validation_seeds)", out)
			}
			var b bytes.Buffer
			if format == "csv" {
				err = report.WriteLearningCSV(&b, drawn)
			} else {
				err = chart.DrawLearningCurves(&b, drawn, format)
			}
			if err != nil {
				return err
			}
			if err := files.WriteBytes(out, b.Bytes()); err != nil {
				return err
			}
			a.log.WithField("file", out).Info("drawn")
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "learning.svg", "the picture: .svg, .png or .pdf; .csv: its data")
	c.Flags().StringVar(&compare, "compare", "lsq,sed,oracle", "heuristics to draw beside, empty for none")
	return c
}
