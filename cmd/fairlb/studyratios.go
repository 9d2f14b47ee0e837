package main

import (
	"bytes"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/eval/study"
	"fairlb/results/chart"
)

func (a *app) studyRatiosCommand() *cobra.Command {
	var out string
	var targets []string
	c := &cobra.Command{
		Use:   "ratios CSV...",
		Short: "Draw how recorded studies compare to SED, untrained rules beside trained methods",
		Long: `Draw the mean completion times of recorded studies (study.csv) over SED's on the
same arrivals, a panel a scenario: untrained rules beside trained methods, these
with their 95 % intervals over training runs. A method that comes in several
files is that of the last; the rules must be equal in all of them, which shows
that all met the same arrivals.`,
		Example: "  fairlb study ratios runs/study/study.csv --targets lsq,sed-ordered,tuned,es --out ratios.svg",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			format, err := files.PictureFormat("--out", out)
			if err != nil {
				return err
			}
			if err := files.CheckOutput("--out", out, args...); err != nil {
				return err
			}
			all, err := study.ReadFiles(args)
			if err != nil {
				return invalid.Errorf("%w", err)
			}
			known := all.Targets()
			if len(targets) == 0 {
				targets = known
			}
			for _, name := range targets {
				if !slices.Contains(known, name) {
					return invalid.Errorf("--targets: %q: must be one of %s", name, strings.Join(known, ", "))
				}
			}
			var picture bytes.Buffer
			if err := chart.DrawRatios(&picture, all, targets, format); err != nil {
				return err
			}
			if err := files.WriteBytes(out, picture.Bytes()); err != nil {
				return err
			}
			a.log.WithField("file", out).Info("drawn")
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "ratios.svg", "the picture: .svg, .png or .pdf")
	c.Flags().StringSliceVar(&targets, "targets", nil, "what to draw, in this order (default all but "+study.Baseline+")")
	return c
}
