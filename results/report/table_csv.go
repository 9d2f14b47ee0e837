package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/paper"
	"fairlb/results/text"
)

// tableHeader returns the names of the fields of WriteTableCSV.
func tableHeader() []string {
	return []string{
		"table", "method", "reward", "column", "metric", "unit",
		"ours_mean", "ours_sd", "ours_n", "published_mean", "published_sd", "mark",
	}
}

// WriteTableCSV writes a table as a tidy file: a header, then one record a cell, in
// the order of rows and columns, numbers in full precision. What does not
// exist is empty, as is the sd of a single run.
func WriteTableCSV(w io.Writer, f *paper.Filled) error {
	records := [][]string{tableHeader()}
	for i, r := range f.Rows {
		for j, col := range f.Columns {
			records = append(records, append([]string{
				strconv.Itoa(f.Number), r.Method, r.Reward, col.Key, col.Metric.String(), paper.Unit,
			}, cellFields(&f.Cells[i][j])...))
		}
	}
	if err := csv.NewWriter(w).WriteAll(records); err != nil {
		return fmt.Errorf("report: table %d: writing CSV: %w", f.Number, err)
	}
	return nil
}

// cellFields returns ours (mean, sd, n), the published mean and sd, and whether
// ours is best or tied in its column.
func cellFields(c *paper.FilledCell) []string {
	fields := make([]string, 6)
	if c.Measured {
		fields[0], fields[2] = text.Exact(c.Ours.Mean), strconv.Itoa(c.Ours.N)
		if c.Ours.N > 1 {
			fields[1] = text.Exact(c.Ours.SD)
		}
		switch {
		case c.Best:
			fields[5] = "best"
		case c.Tied:
			fields[5] = "tied"
		}
	}
	if c.Printed {
		fields[3], fields[4] = text.Exact(c.Published.Mean), text.Exact(c.Published.SD)
	}
	return fields
}
