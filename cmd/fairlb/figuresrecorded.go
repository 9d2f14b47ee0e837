package main

import (
	"bytes"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/figures"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/file"
)

func (a *app) figuresRecordedCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "recorded FILE",
		Short: "Draw a recorded figure again, from its CSV or JSON",
		Long: `Draw the picture of a CSV file again that was made with it: of figure 2a, 2b, 4b,
8, 9, 10a, 10b, 11 or 12a, of fairlb fit web-mix, of testbed curve, of theory complexity,
of fairlb plot, or of fairlb tables: Tables 14 and 15 over the rate, of the others the ratios to SED. Its columns
say which. Of the JSON of fairlb eval or testbed run, it draws the means.`,
		Example: "  fairlb figures recorded results/figures/figure-2a.csv --out figure-2a.svg",
		Args:    checked(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			format, err := files.PictureFormat("--out", out)
			if err != nil {
				return err
			}
			if err := files.CheckOutput("--out", out, args...); err != nil {
				return err
			}
			f, err := file.Open(args[0])
			if err != nil {
				return invalid.Errorf("%w", err)
			}
			defer f.Close()
			var picture bytes.Buffer
			if err := figures.DrawRecorded(&picture, args[0], f, format); err != nil {
				return err
			}
			if err := files.WriteBytes(out, picture.Bytes()); err != nil {
				return err
			}
			a.log.WithField("file", out).Info("drawn")
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "figure.svg", "the picture: .svg, .png or .pdf")
	return c
}
