package chart

import (
	"fmt"
	"math"

	"fairlb/eval/paper"
	"fairlb/eval/study"
)

// TableMeans is the picture of a table of the paper: a panel a column. A bar is the mean
// of the requests that completed, as published, or of all where the former is not known. An
// interval is over training runs and evaluation seeds.
func TableMeans(f *paper.Filled) *Means {
	m := &Means{
		Title: fmt.Sprintf("Table %d. %s. Completed requests; 95 %% intervals over training runs and seeds", f.Number, f.Title),
		Label: "completion time (s)",
	}
	for j, column := range f.Columns {
		panel := MeansPanel{Name: column.Group + ", " + column.Sub}
		for i, r := range f.Rows {
			c := &f.Cells[i][j]
			if !c.Measured {
				continue
			}
			bar := MeanBar{Name: barName(r), Trained: r.Learned(), Added: r.Added, Published: math.NaN(), All: math.NaN()}
			if c.Printed {
				bar.Published = c.Published.Mean
			}
			shown := c.Ours.Completed
			if shown.N == 0 {
				shown = c.Ours.All
			} else if c.Ours.Failed > 0 {
				bar.All = c.Ours.All.Mean
			}
			_, bar.Low, bar.High = shown.Interval()
			bar.Mean = shown.Mean
			panel.Bars = append(panel.Bars, bar)
		}
		m.add(panel)
	}
	return m
}

// StudyMeans is the picture of a study: a panel a scenario. An interval
// is over training runs and evaluation seeds.
func StudyMeans(r *study.Report) *Means {
	m := &Means{
		Title: fmt.Sprintf("Study %s. 95 %% intervals over training runs and %d seeds", r.Name, len(r.EvaluationSeeds)),
		Label: "mean completion time (s)",
	}
	for _, o := range r.Scenarios {
		panel := MeansPanel{Name: o.Name}
		for _, row := range o.Targets {
			bar := MeanBar{Name: row.Target, Trained: row.Family != "", Mean: row.Mean, Published: math.NaN(), All: math.NaN()}
			bar.Low, bar.High = math.NaN(), math.NaN()
			if row.Interval != nil {
				bar.Low, bar.High = row.Interval.Lo, row.Interval.Hi
			}
			panel.Bars = append(panel.Bars, bar)
		}
		m.add(panel)
	}
	return m
}

// add adds a panel, unless it is empty.
func (m *Means) add(panel MeansPanel) {
	if len(panel.Bars) > 0 {
		m.Panels = append(m.Panels, panel)
	}
}
