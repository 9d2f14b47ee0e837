package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"

	"fairlb/eval/paper"
	"fairlb/results/text"
)

// tableHeader returns the names of the fields of WriteTableCSV, of a live table with those
// of liveFields.
func tableHeader(live bool) []string {
	header := []string{
		"table", "method", "reward", "column", "metric", "unit",
		"runs", "failed", "completed_mean", "completed_sd", "all_mean", "all_sd", "ratio", "ratio_lo", "ratio_hi", "ratio_significant",
		"published_mean", "published_sd", "published_ratio", "published_significant",
	}
	if live {
		header = append(header, "left_out", "simulated_mean", "simulated_sd", "simulated_failed", "gap", "gap_lo", "gap_hi", "gap_significant", "not_live")
	}
	return header
}

// WriteTableCSV writes a table as a tidy file: a header, then one record a cell, in
// the order of rows and columns, numbers in full precision: ours of the requests that
// completed and of all, the part of them that failed, and the published value; ratios are
// to SED's, ours of the completed requests. What does not exist is empty, as is the sd of
// a single run. Of a live table ours are of real traffic, and each record has, too: the
// runs that were no measurement and are left out, the simulator's values, ours over these
// (gap), and why the cell cannot be had live.
func WriteTableCSV(w io.Writer, f *paper.Filled) error {
	records := [][]string{tableHeader(f.Live)}
	for i, r := range f.Rows {
		for j, col := range f.Columns {
			record := append([]string{
				strconv.Itoa(f.Number), r.Method, r.Reward, col.Key, col.Metric.String(), paper.Unit,
			}, cellFields(&f.Cells[i][j])...)
			if f.Live {
				record = append(record, liveFields(&f.Cells[i][j].Live)...)
			}
			records = append(records, record)
		}
	}
	if err := csv.NewWriter(w).WriteAll(records); err != nil {
		return fmt.Errorf("report: table %d: writing CSV: %w", f.Number, err)
	}
	return nil
}

// cellFields returns the fields of ours and of the published value.
func cellFields(c *paper.FilledCell) []string {
	ours, printed := make([]string, 10), make([]string, 4)
	if c.Measured {
		ours[0], ours[1] = strconv.Itoa(c.Ours.All.N), text.Exact(c.Ours.Failed)
		ours[2], ours[3] = valueFields(c.Ours.Completed)
		ours[4], ours[5] = valueFields(c.Ours.All)
	}
	copy(ours[6:], ratioFields(c.Ratio))
	if c.Printed {
		printed[0], printed[1] = text.Exact(c.Published.Mean), text.Exact(c.Published.SD)
	}
	if r := c.PublishedRatio; r != nil {
		printed[2], printed[3] = text.Exact(r.Value), strconv.FormatBool(r.Significant)
	}
	return append(ours, printed...)
}

// liveFields returns the fields that a live table has more.
func liveFields(c *paper.LiveCell) []string {
	list := make([]string, 4, 9)
	list[0] = strconv.Itoa(c.LeftOut)
	if s := &c.Simulated; s.All.N > 0 {
		list[1], list[2] = valueFields(s.Completed)
		list[3] = text.Exact(s.Failed)
	}
	return append(append(list, ratioFields(c.Gap)...), c.NotLive)
}

// ratioFields returns a ratio, the ends of its interval, and whether it is significant.
func ratioFields(r *paper.Ratio) []string {
	list := make([]string, 4)
	if r == nil {
		return list
	}
	list[0], list[3] = text.Exact(r.Value), strconv.FormatBool(r.Significant)
	if !math.IsNaN(r.Lo) {
		list[1], list[2] = text.Exact(r.Lo), text.Exact(r.Hi)
	}
	return list
}

// valueFields returns the mean and the deviation of a value.
func valueFields(v paper.Value) (mean, sd string) {
	if v.N > 0 {
		mean = text.Exact(v.Mean)
	}
	if v.N > 1 {
		sd = text.Exact(v.SD)
	}
	return mean, sd
}
