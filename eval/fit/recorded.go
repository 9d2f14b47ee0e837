package fit

import (
	"fairlb/eval/paper"
	"fairlb/eval/rows"
)

// ResidualsOf reads back the cells that report.WriteFitCSV wrote, as they are with
// the parameters found; what was simulated for them is not recorded.
func ResidualsOf(file *rows.File) ([]Residual, error) {
	var list []Residual
	err := file.Each(func(r *rows.Record) {
		cell := Cell{
			Table: r.Count("table"), Row: r.Text("row"), Column: r.Text("column"),
			Mean: r.Number("published_mean"), SD: r.Number("published_sd"), Excluded: !r.Bool("fitted"),
		}
		known := false
		for _, m := range []paper.Metric{paper.Mean, paper.P95, paper.P99} {
			if m.String() == r.Text("figure") {
				cell.Metric, known = m, true
			}
		}
		if !known {
			r.Refuse("figure", "must be mean, p95 or p99")
		}
		list = append(list, Residual{Cell: cell, Ours: r.Number("ours"), Log: r.Number("log_ratio"), Z: r.Number("z"), Failed: r.Number("failed")})
		if last := list[len(list)-1]; !(last.Mean > 0 && last.Ours > 0) {
			r.Refuse("ours", "it and published_mean must be positive")
		}
	})
	return list, err
}
