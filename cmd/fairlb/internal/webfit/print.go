package webfit

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"fairlb/eval/fit"
	"fairlb/results/text"
)

// Print prints the numbers and what is left.
func (f *Found) Print(out io.Writer) error {
	tables := []*text.Table{f.pagesTable(), f.endsTable(), f.hoursTable(), f.rmsTable(), f.cellTable(), f.modelsTable(), f.overloadTable(), f.backgroundTable(), f.backgroundCellTable()}
	for k, table := range tables {
		if k > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		if err := table.Write(out); err != nil {
			return err
		}
	}
	return nil
}

// pagesTable shows the numbers that all scenarios share.
func (f *Found) pagesTable() *text.Table {
	t := text.NewTable("number of all scenarios", "fitted", "95 % interval", "bounds")
	for k, x := range f.Fitted.free {
		if x.Scenario == "" {
			t.Rowf("%s\t%g\t[%.3g, %.3g]\t[%g, %g] %s", x.Name, f.Fitted.Values[k], f.Fitted.Intervals[k].Low, f.Fitted.Intervals[k].High, x.Low, x.High, x.Unit)
		}
	}
	return t
}

// endsTable shows where the descents ended, and of those that are alike what their
// hours come to.
func (f *Found) endsTable() *text.Table {
	header := []string{"descent", "objective by rate", "with hours"}
	for _, x := range pageNumbers() {
		header = append(header, x.Name)
	}
	t := text.NewTable(header...)
	for k, end := range f.Ends {
		row := []string{strconv.Itoa(k + 1), fmt.Sprintf("%.3f", end.Objective), "-"}
		if k < len(f.Candidates) {
			row[2] = fmt.Sprintf("%.3f", f.Candidates[k].Objective)
		}
		if k == f.Taken {
			row[0] += " *"
		}
		for _, v := range end.Values {
			row = append(row, fmt.Sprintf("%.3g", v))
		}
		t.Row(row...)
	}
	return t
}

// hoursTable shows the numbers of each hour.
func (f *Found) hoursTable() *text.Table {
	t := text.NewTable("hour of the trace", "number", "fitted", "95 % interval", "bounds")
	for k, x := range f.Fitted.free {
		if x.Scenario != "" {
			t.Rowf("%s\t%s\t%g\t[%.3g, %.3g]\t[%g, %g]", x.Scenario, x.Name, f.Fitted.Values[k], f.Fitted.Intervals[k].Low, f.Fitted.Intervals[k].High, x.Low, x.High)
		}
	}
	return t
}

// rmsTable sums up by how much ours differ from the published cells.
func (f *Found) rmsTable() *text.Table {
	t := text.NewTable("root mean square of log(ours / published)", "cells", "before", "now")
	show := func(name string, choose func(*fit.Residual) bool) {
		from, n := fit.RMS(f.Before, choose)
		to, _ := fit.RMS(f.After, choose)
		t.Rowf("%s\t%d\t%.3f\t%.3f", name, n, from, to)
	}
	for _, role := range []fit.Role{fit.Fitted, fit.HeldOut, fit.Overload} {
		show("all that are "+role.String(), func(r *fit.Residual) bool { return r.Role == role })
	}
	for _, table := range []int{11, 12, 13} {
		show(fmt.Sprintf("Table %d", table), func(r *fit.Residual) bool { return r.Table == table })
	}
	for _, table := range []int{14, 15} {
		show(fmt.Sprintf("Table %d up to 2195/s", table), func(r *fit.Residual) bool { return r.Table == table && r.Role != fit.Overload })
	}
	for _, row := range []string{"WCMP", "LSQ", "SED"} {
		show(row+", without overload", func(r *fit.Residual) bool { return r.Role != fit.Overload && r.Row == row })
	}
	return t
}

func (f *Found) cellTable() *text.Table {
	t := text.NewTable("table", "row", "column", "published", "before", "now", "log", "z", "failed %", "")
	for k, r := range f.After {
		t.Rowf("%d\t%s\t%s %s\t%.3f ± %.3f\t%.3f\t%.3f ± %.3f\t%+.2f\t%+.1f\t%.2f\t%s", r.Table, r.Row, r.Column, r.Metric, r.Mean, r.SD, f.Before[k].Ours, r.Ours, r.OursSD, r.Log, r.Z, 100*r.Failed, r.Role)
	}
	return t
}

// modelsTable says what the twin is without each of its parts, or with others.
func (f *Found) modelsTable() *text.Table {
	t := text.NewTable("model, its pages fitted anew", "numbers", "objective", "RMS Table 14", "Table 15", "Table 11", "Table 12", "values")
	for _, m := range f.Models {
		var fitted []fit.Residual
		for _, r := range m.Residuals {
			if r.Role == fit.Fitted && byRate(&r.Cell) {
				fitted = append(fitted, r)
			}
		}
		row := []string{m.Model, strconv.Itoa(len(m.Numbers)), fmt.Sprintf("%.2f", fit.Objective(fitted))}
		for _, table := range []int{14, 15, 11, 12} {
			rms, _ := fit.RMS(m.Residuals, func(r *fit.Residual) bool { return r.Table == table })
			row = append(row, fmt.Sprintf("%.3f", rms))
		}
		var values []string
		for k, v := range m.Values {
			values = append(values, fmt.Sprintf("%s %g", m.Numbers[k].Name, v))
		}
		t.Row(append(row, strings.Join(values, ", "))...)
	}
	return t
}

// overloadTable says how near each model comes to the overloaded columns.
func (f *Found) overloadTable() *text.Table {
	header := []string{"overload: ours / published, Wiki under SED", "RMS of log, all rows"}
	if len(f.Overload) > 0 {
		for _, r := range f.Overload[0].Residuals {
			if r.Table == 14 && r.Row == "SED" {
				header = append(header, r.Column)
			}
		}
	}
	t := text.NewTable(header...)
	for _, m := range f.Overload {
		rms, _ := fit.RMS(m.Residuals, func(*fit.Residual) bool { return true })
		row := []string{m.Model, fmt.Sprintf("%.3f", rms)}
		for _, r := range m.Residuals {
			if r.Table == 14 && r.Row == "SED" {
				row = append(row, fmt.Sprintf("%.3f / %.3f (%.1f %%)", r.Ours, r.Mean, 100*r.Failed))
			}
		}
		t.Row(row...)
	}
	return t
}

// backgroundTable says how near each number of background jobs comes.
func (f *Found) backgroundTable() *text.Table {
	t := text.NewTable("Table 16, background jobs on each 4-CPU server from 25 s", "RMS of log", "objective")
	for jobs, residuals := range f.ByBackgroundJobs {
		rms, _ := fit.RMS(residuals, func(*fit.Residual) bool { return true })
		t.Rowf("%d\t%.3f\t%.2f", jobs, rms, fit.Objective(residuals))
	}
	return t
}

func (f *Found) backgroundCellTable() *text.Table {
	t := text.NewTable(fmt.Sprintf("with %d, other seeds", f.BackgroundJobs), "row", "column", "published", "ours", "log", "z", "failed %", "")
	for _, r := range f.BackgroundResidual {
		t.Rowf("%d\t%s\t%s\t%.3f ± %.3f\t%.3f\t%+.2f\t%+.1f\t%.2f\t%s", r.Table, r.Row, r.Column, r.Mean, r.SD, r.Ours, r.Log, r.Z, 100*r.Failed, r.Role)
	}
	return t
}
