package results

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/paper"
)

// csvHeader returns the names of the fields of WriteCSV.
func csvHeader() []string {
	return []string{
		"table", "method", "reward", "column", "metric", "unit",
		"ours_mean", "ours_sd", "ours_n", "published_mean", "published_sd", "mark",
	}
}

// WriteCSV writes a table as a tidy file: a header, then one record a cell, in
// the order of rows and columns, numbers in full precision. What does not
// exist is empty, as is the sd of a single run.
func WriteCSV(w io.Writer, t paper.Table, measured Measured) error {
	g, err := collect(t, measured)
	if err != nil {
		return err
	}
	records := [][]string{csvHeader()}
	for i, r := range t.Rows {
		for j, col := range t.Columns {
			records = append(records, append([]string{
				strconv.Itoa(t.Number), r.Method, r.Reward, col.Key, col.Metric.String(), paper.Unit,
			}, g[i][j].csvFields()...))
		}
	}
	if err := csv.NewWriter(w).WriteAll(records); err != nil {
		return fmt.Errorf("results: table %d: writing CSV: %w", t.Number, err)
	}
	return nil
}

// csvFields returns ours (mean, sd, n), the published mean and sd, and whether
// ours is best or tied in its column.
func (c cell) csvFields() []string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	fields := make([]string, 6)
	if c.measured {
		fields[0], fields[2] = number(c.ours.Mean), strconv.Itoa(c.ours.N)
		if c.ours.N > 1 {
			fields[1] = number(c.ours.SD)
		}
		switch {
		case c.best:
			fields[5] = "best"
		case c.tied:
			fields[5] = "tied"
		}
	}
	if c.printed {
		fields[3], fields[4] = number(c.published.Mean), number(c.published.SD)
	}
	return fields
}
