package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/fit"
)

// WriteFitCSV writes every cell of a fit, a row a cell, times in s. The column before
// is what another simulation showed, ours what the fitted one shows; before and after
// hold the same cells in the same order.
func WriteFitCSV(w io.Writer, before, after []fit.Residual) error {
	rows := [][]string{{"table", "row", "column", "figure", "role", "published_mean", "published_sd", "before", "ours", "ours_sd", "log_ratio", "z", "failed"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) }
	for k, r := range after {
		rows = append(rows, []string{
			strconv.Itoa(r.Table), r.Row, r.Column, r.Metric.String(), r.Role.String(),
			number(r.Mean), number(r.SD), number(before[k].Ours), number(r.Ours), number(r.OursSD), number(r.Log), number(r.Z), number(r.Failed),
		})
	}
	if err := csv.NewWriter(w).WriteAll(rows); err != nil {
		return fmt.Errorf("report: fit: %w", err)
	}
	return nil
}
