package main

import (
	"bytes"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/file"
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
			all, err := readStudies(args)
			if err != nil {
				return err
			}
			if len(targets) == 0 {
				targets = targetsOf(all)
			}
			for _, name := range targets {
				if known := targetsOf(all); !slices.Contains(known, name) {
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

// readStudies reads the CSV files of studies and joins them.
func readStudies(paths []string) (*study.Recorded, error) {
	all := &study.Recorded{}
	for _, path := range paths {
		one, err := readStudy(path)
		if err == nil {
			err = all.Join(one)
		}
		if err != nil {
			return nil, invalid.Errorf("%w", err)
		}
	}
	return all, nil
}

func readStudy(path string) (*study.Recorded, error) {
	f, err := file.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return study.ReadCSV(path, f)
}

// targetsOf lists what recorded studies compare to the baseline.
func targetsOf(r *study.Recorded) []string {
	var names []string
	for _, s := range r.Scenarios {
		for _, t := range s.Targets {
			if t.Name != study.Baseline && !slices.Contains(names, t.Name) {
				names = append(names, t.Name)
			}
		}
	}
	return names
}
