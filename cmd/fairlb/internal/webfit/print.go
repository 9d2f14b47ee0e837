package webfit

import (
	"fmt"
	"io"

	"fairlb/eval/fit"
	"fairlb/results/text"
)

// Print prints the parameters and what is left.
func (f *Found) Print(out io.Writer) error {
	for k, table := range []*text.Table{f.parameterTable(), f.rmsTable(), f.cellTable(), f.backgroundTable(), f.backgroundCellTable()} {
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

func (f *Found) parameterTable() *text.Table {
	t := text.NewTable("parameter", "first", "start", "fitted", "bounds")
	for k, x := range f.Parameters {
		t.Rowf("%s\t%g\t%g\t%g\t[%g, %g] %s", x.Name, firstCalibration()[k], x.Start, f.Values[k], x.Low, x.High, x.Unit)
	}
	return t
}

// rmsTable sums up by how much ours differ from the published cells.
func (f *Found) rmsTable() *text.Table {
	t := text.NewTable("root mean square of log(ours / published)", "cells", "first", "fitted")
	show := func(name string, choose func(*fit.Residual) bool) {
		from, n := fit.RMS(f.Before, choose)
		to, _ := fit.RMS(f.After, choose)
		t.Rowf("%s\t%d\t%.3f\t%.3f", name, n, from, to)
	}
	show("all that were fitted", func(r *fit.Residual) bool { return !r.Excluded })
	for _, table := range []int{11, 12, 14, 15} {
		show(fmt.Sprintf("Table %d", table), func(r *fit.Residual) bool { return !r.Excluded && r.Table == table })
	}
	for _, row := range []string{"WCMP", "LSQ", "SED"} {
		show(row, func(r *fit.Residual) bool { return !r.Excluded && r.Row == row })
	}
	show("overloaded, not fitted", func(r *fit.Residual) bool { return r.Excluded })
	return t
}

func (f *Found) cellTable() *text.Table {
	t := text.NewTable("table", "row", "column", "published", "ours", "log", "z", "failed %")
	for _, r := range f.After {
		mark := ""
		if r.Excluded {
			mark = "not fitted"
		}
		t.Rowf("%d\t%s\t%s %s\t%.3f ± %.3f\t%.3f\t%+.2f\t%+.1f\t%.2f\t%s", r.Table, r.Row, r.Column, r.Metric, r.Mean, r.SD, r.Ours, r.Log, r.Z, 100*r.Failed, mark)
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
	t := text.NewTable(fmt.Sprintf("with %d, other seeds", f.BackgroundJobs), "row", "column", "published", "ours", "log", "z", "failed %")
	for _, r := range f.BackgroundResidual {
		t.Rowf("%d\t%s\t%s\t%.3f ± %.3f\t%.3f\t%+.2f\t%+.1f\t%.2f", r.Table, r.Row, r.Column, r.Mean, r.SD, r.Ours, r.Log, r.Z, 100*r.Failed)
	}
	return t
}
