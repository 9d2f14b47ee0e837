package main

import (
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/stat"

	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/eval/study"
	"fairlb/results"
)

// drawMeans writes a picture of means as PNG and SVG; none without any.
func drawMeans(path string, m *results.Means) error {
	if len(m.Panels) == 0 {
		return nil
	}
	for _, format := range []string{"png", "svg"} {
		if err := writeFile(path+"."+format, func(w io.Writer) error { return results.DrawMeans(w, m, format) }); err != nil {
			return err
		}
	}
	return nil
}

// means is the picture of a table: a panel a column. An interval is over
// training runs where there are several, else over evaluation seeds.
func (b *book) means(t paper.Table) *results.Means {
	m := &results.Means{
		Title: fmt.Sprintf("Table %d. %s. Intervals: over training runs; of one alone and of heuristics, over seeds", t.Number, t.Title),
		Label: "completion time (s)",
	}
	for col, column := range t.Columns {
		panel := results.MeansPanel{Name: column.Group + ", " + column.Sub}
		if column.Group == "" || column.Group == column.Sub {
			panel.Name = column.Sub
		}
		for row, r := range t.Rows {
			runs := b.cellRuns(t, row, col)
			if len(runs) == 0 {
				continue
			}
			bar := results.MeanBar{Name: r.Method, Trained: r.Learned(), Published: math.NaN()}
			if r.Reward != "" {
				bar.Name += " " + r.Reward
			}
			if mean, _, known := t.Published(row, col); known {
				bar.Published = mean
			}
			values := runs[0]
			if len(runs) > 1 {
				values = nil
				for _, run := range runs {
					values = append(values, stat.Mean(run, nil))
				}
			}
			bar.Mean, bar.Low, bar.High = eval.MeanInterval(values)
			panel.Bars = append(panel.Bars, bar)
		}
		if len(panel.Bars) > 0 {
			m.Panels = append(m.Panels, panel)
		}
	}
	return m
}

// studyMeans is the picture of a study: a panel a scenario. Intervals of
// methods are over training runs, those of heuristics over evaluation seeds.
func studyMeans(r *study.Report) *results.Means {
	m := &results.Means{
		Title: fmt.Sprintf("Study %s. Intervals: of methods over training runs, of heuristics over %d seeds", r.Name, len(r.EvaluationSeeds)),
		Label: "mean completion time (s)",
	}
	for _, o := range r.Scenarios {
		panel := results.MeansPanel{Name: o.Name}
		for _, row := range o.Rows {
			bar := results.MeanBar{Name: row.Target, Trained: row.Family != "", Mean: row.Mean, Published: math.NaN()}
			_, bar.Low, bar.High = eval.MeanInterval(row.PerRun)
			if !bar.Trained {
				bar.Low, bar.High = eval.IntervalOf(row.Mean, row.SD, len(r.EvaluationSeeds))
			}
			panel.Bars = append(panel.Bars, bar)
		}
		if len(panel.Bars) > 0 {
			m.Panels = append(m.Panels, panel)
		}
	}
	return m
}
