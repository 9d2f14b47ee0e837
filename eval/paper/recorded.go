package paper

import (
	"fmt"
	"slices"

	"fairlb/eval/rows"
)

// FilledOf reads a table back from the CSV file that package report wrote of it: what was
// measured and its ratios to SED, but not the runs themselves, so that the means have no
// intervals. What the paper printed is not read: it is known. An error wraps rows.ErrUnreadable.
func FilledOf(file *rows.File) (*Filled, error) {
	var f *Filled
	err := file.Each(func(r *rows.Record) {
		number := r.Count("table")
		if f == nil {
			t, err := Get(number)
			if err != nil {
				r.Refuse("table", fmt.Sprintf("must be one of %v", Numbers()))
				return
			}
			if f, err = Fill(t, func(int, int) (Measurement, bool) { return Measurement{}, false }); err != nil {
				r.Refuse("table", err.Error())
				return
			}
		}
		if number != f.Number {
			r.Refuse("table", fmt.Sprintf("must be %d, as in the first record", f.Number))
			return
		}
		f.read(r)
	})
	return f, err
}

// read reads a cell.
func (f *Filled) read(r *rows.Record) {
	method, reward, key := r.Text("method"), r.Text("reward"), r.Text("column")
	row := slices.IndexFunc(f.Rows, func(x Row) bool { return x.Method == method && x.Reward == reward })
	column := slices.IndexFunc(f.Columns, func(c Column) bool { return c.Key == key })
	switch {
	case row < 0:
		r.Refuse("method", fmt.Sprintf("Table %d has no such row with the reward %q", f.Number, reward))
		return
	case column < 0:
		r.Refuse("column", fmt.Sprintf("Table %d has no such column", f.Number))
		return
	case r.Text("runs") == "":
		return // not measured
	}
	c := &f.Cells[row][column]
	if c.Measured {
		r.Refuse("column", "the row has this cell already")
		return
	}
	runs := r.Count("runs")
	c.Measured = true
	c.Ours = Measurement{Completed: recordedValue(r, "completed", runs), All: recordedValue(r, "all", runs), Failed: r.Number("failed")}
	if err := c.Ours.check(); err != nil {
		r.Refuse("all_mean", err.Error())
		return
	}
	c.Ratio = recordedRatio(r)
}

// recordedValue reads a value, which may be unknown.
func recordedValue(r *rows.Record, name string, runs int) Value {
	if r.Text(name+"_mean") == "" {
		return Value{}
	}
	v := Value{Mean: r.Number(name + "_mean"), N: runs}
	if runs > 1 {
		v.SD = r.Number(name + "_sd")
	}
	return v
}

// recordedRatio reads the ratio to SED; nil where there is none.
func recordedRatio(r *rows.Record) *Ratio {
	if r.Text("ratio") == "" {
		return nil
	}
	ratio := newRatio(r.Number("ratio"))
	if r.Text("ratio_lo") != "" {
		ratio.Lo, ratio.Hi = r.Number("ratio_lo"), r.Number("ratio_hi")
	}
	ratio.Significant = r.Bool("ratio_significant")
	return ratio
}
