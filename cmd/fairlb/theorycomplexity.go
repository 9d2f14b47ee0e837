package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/operationtimes"
	"fairlb/env/file"
	"fairlb/eval/figure"
	"fairlb/eval/rows"
	"fairlb/eval/theory/complexity"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// complexitySettings are the flags of `fairlb theory complexity`.
type complexitySettings struct {
	rounds           int
	least            time.Duration
	folder           string
	recorded, output string
}

func (a *app) theoryComplexityCommand() *cobra.Command {
	x := complexitySettings{rounds: 21, least: 4 * time.Millisecond, folder: "/dev/shm"}
	c := &cobra.Command{
		Use:   "complexity",
		Short: "Measure how operations on the shared memory grow (Table 7)",
		Long: `Measure Table 7 of the paper: what the operations on the shared memory between a load
balancer and its agent take, over the size k of a reservoir, the number N of servers and
the level m of multi-buffering, one varied at a time. Printed are exponents of growth
beside the paper's claims, and memory by the layout. Times are processor time of the
thread, in rounds over all sizes; the defaults take some two minutes of one processor
and 0.2 GB. On Linux.`,
		Example: "  fairlb theory complexity --out results/theory\n  fairlb theory complexity --recorded results/theory/table-7.csv",
		Args:    checked(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := a.complexities(c.Context(), x)
			if err != nil {
				return err
			}
			return report.WriteComplexityText(a.stdout, m)
		},
	}
	c.Flags().IntVar(&x.rounds, "rounds", x.rounds, "rounds over all sizes")
	c.Flags().DurationVar(&x.least, "least", x.least, "processor time for each operation at each of the sizes in a round")
	c.Flags().StringVar(&x.folder, "folder", x.folder, "the folder in which regions are made, in memory")
	c.Flags().StringVar(&x.recorded, "recorded", "", "print the table of this table-7.csv, and measure nothing")
	c.Flags().StringVar(&x.output, "out", "", "a folder for table-7.csv and table-7.png")
	c.MarkFlagsMutuallyExclusive("recorded", "out")
	return c
}

// complexities reads a measurement, or makes and writes one.
func (a *app) complexities(ctx context.Context, x complexitySettings) (*complexity.Measurement, error) {
	if x.recorded != "" {
		return recordedComplexities(x.recorded)
	}
	switch {
	case x.rounds < 1 || x.rounds > 1000:
		return nil, invalid.Errorf("--rounds %d: must be in [1, 1000]", x.rounds)
	case x.least < time.Microsecond || x.least > time.Second:
		return nil, invalid.Errorf("--least %s: must be in [1µs, 1s]", x.least)
	}
	if info, err := os.Stat(x.folder); err != nil || !info.IsDir() {
		return nil, invalid.Errorf("--folder %s: must be a folder, best in memory", x.folder)
	}
	record, picture := filepath.Join(x.output, "table-7.csv"), filepath.Join(x.output, "table-7.png")
	if x.output != "" {
		if err := files.CheckOutput("--out", record); err != nil {
			return nil, err
		}
	}
	m, err := operationtimes.Measure(ctx, operationtimes.Settings{
		Folder: x.folder, Cells: complexity.Grid(), Rounds: x.rounds, Least: x.least, Log: a.log,
	})
	if err != nil || x.output == "" {
		return m, err
	}
	var csv, png bytes.Buffer
	if err := report.WriteComplexityCSV(&csv, m); err != nil {
		return nil, err
	}
	if err := files.WriteBytes(record, csv.Bytes()); err != nil {
		return nil, err
	}
	if m, err = recordedComplexities(record); err != nil { // what is recorded is rounded
		return nil, err
	}
	if err := chart.DrawComplexity(&png, m, "png"); err != nil {
		return nil, err
	}
	return m, files.WriteBytes(picture, png.Bytes())
}

// recordedComplexities reads a record.
func recordedComplexities(path string) (*complexity.Measurement, error) {
	f, err := file.Open(path)
	if err != nil {
		return nil, invalid.Errorf("%w", err)
	}
	defer f.Close()
	records, err := rows.Read(path, f)
	if err != nil {
		return nil, invalid.Errorf("%w", err)
	}
	m, err := figure.ComplexityOf(records)
	if err != nil {
		return nil, invalid.Errorf("%w", err)
	}
	return m, nil
}
