package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/eval/study"
	"fairlb/results/chart"
	"fairlb/results/report"
)

func (a *app) studyRatiosCommand() *cobra.Command {
	var out string
	var targets []string
	c := &cobra.Command{
		Use:   "ratios CSV...",
		Short: "Show how recorded studies compare to SED, untrained rules beside trained methods",
		Long: `Show the mean completion times of recorded studies (study.csv) over SED's on the
same arrivals. A picture has a panel a scenario: untrained rules beside trained
methods, these with their 95 % intervals over training runs. A Markdown table (.md)
has a column a scenario and one of interquartile means over all. A method that comes in several
files is that of the last; the rules must be equal in all of them, which shows
that all met the same arrivals.`,
		Example: "  fairlb study ratios runs/study/study.csv --targets lsq,sed-ordered,tuned,es --out ratios.svg",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			table := filepath.Ext(out) == ".md"
			var format string
			var err error
			if !table {
				if format, err = files.PictureFormat("--out", out); err != nil {
					return fmt.Errorf("%w, or .md for a table", err)
				}
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
			var result bytes.Buffer
			if table {
				err = report.WriteRecordedMarkdown(&result, all, targets)
			} else {
				err = chart.DrawRatios(&result, all, targets, format)
			}
			if err != nil {
				return err
			}
			if err := files.WriteBytes(out, result.Bytes()); err != nil {
				return err
			}
			a.log.WithField("file", out).Info("written")
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "ratios.svg", "the picture: .svg, .png or .pdf; or a table: .md")
	c.Flags().StringSliceVar(&targets, "targets", nil, "what to show, in this order (default all but "+study.Baseline+")")
	return c
}
