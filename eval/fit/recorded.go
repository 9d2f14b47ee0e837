package fit

import (
	"fmt"
	"math"

	"fairlb/eval/paper"
	"fairlb/eval/rows"
)

// ResidualsOf reads back the cells that report.WriteFitCSV wrote: as they were in the
// simulation of before, and as they are with what was found. How many requests failed
// in the former is not recorded.
func ResidualsOf(file *rows.File) (before, after []Residual, err error) {
	err = file.Each(func(r *rows.Record) {
		cell := Cell{
			Table: r.Count("table"), Row: r.Text("row"), Column: r.Text("column"),
			Mean: r.Number("published_mean"), SD: r.Number("published_sd"),
		}
		if !named(r.Text("role"), &cell.Role, Fitted, HeldOut, Overload) {
			r.Refuse("role", "must be fitted, held out or overload")
		}
		if !named(r.Text("figure"), &cell.Metric, paper.Mean, paper.P95, paper.P99) {
			r.Refuse("figure", "must be mean, p95 or p99")
		}
		was, is := r.Number("before"), r.Number("ours")
		if !(cell.Mean > 0 && is > 0 && was > 0) {
			r.Refuse("ours", "it, before and published_mean must be positive")
		}
		before = append(before, Residual{Cell: cell, Ours: was, Log: math.Log(was / cell.Mean)})
		after = append(after, Residual{Cell: cell, Ours: is, OursSD: r.Number("ours_sd"), Log: r.Number("log_ratio"), Z: r.Number("z"), Failed: r.Number("failed")})
	})
	return before, after, err
}

// named sets dst to the one of the values that has the name, and says whether one has.
func named[T fmt.Stringer](name string, dst *T, values ...T) bool {
	for _, v := range values {
		if v.String() == name {
			*dst = v
			return true
		}
	}
	return false
}
