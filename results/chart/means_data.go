package chart

import (
	"fmt"
	"math"
	"strings"

	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/eval/study"
	"fairlb/results/text"
)

// TableMeans is the picture of a table of the paper: a panel a column. A bar is the mean
// of the requests that completed, as published, or of all where the former is not known. An
// interval is over training runs and evaluation seeds.
func TableMeans(f *paper.Filled) *Means {
	m := &Means{
		Title: fmt.Sprintf("Table %d. %s%s. Completed requests; 95 %% intervals over training runs and seeds", f.Number, f.Title, onTraffic(f.Live)),
		Label: "completion time (s)",
	}
	for j, column := range f.Columns {
		panel := MeansPanel{Name: column.Group + ", " + column.Sub}
		for i, r := range f.Rows {
			c := &f.Cells[i][j]
			if !c.Measured {
				continue
			}
			bar := MeanBar{Name: barName(r), Trained: r.Learned(), Added: r.Added, Beside: math.NaN(), All: math.NaN()}
			if c.Printed {
				bar.Beside = c.Published.Mean
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
			bar := MeanBar{Name: row.Target, Trained: row.Family != "", Mean: row.Mean, Beside: math.NaN(), All: math.NaN()}
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

// EvaluationMeans is the picture of an evaluation: a panel a class of requests, all
// together first. Means are of all requests, those that failed at their timeout. A target
// whose name is that of another and the suffix (" sim": simulated) is shown beside that one,
// and beside says what it is. An interval is over seeds.
func EvaluationMeans(e *eval.Evaluation, suffix, beside string) *Means {
	m := &Means{
		Title:  fmt.Sprintf("%s, %s of %g s. Means of all requests; 95 %% intervals over seeds", e.Scenario, text.Count(len(e.Seeds), "episode"), e.DurationS),
		Label:  "completion time (s)",
		Beside: beside,
	}
	named := map[string]*eval.Result{}
	for k := range e.Results {
		named[e.Results[k].Target] = &e.Results[k]
	}
	if len(e.Results) == 0 {
		return m
	}
	for _, class := range e.Results[0].Classes {
		panel := MeansPanel{Name: class.Class}
		for k := range e.Results {
			r := &e.Results[k]
			f := r.Class(class.Class)
			if name, is := strings.CutSuffix(r.Target, suffix); f == nil || is && named[name] != nil {
				continue
			}
			bar := MeanBar{Name: r.Target, Trained: r.Recipe != "", Mean: f.Mean, Low: math.NaN(), High: math.NaN(), All: math.NaN(), Beside: math.NaN()}
			if !r.OneWorkload && len(e.Seeds) > 1 {
				bar.Low, bar.High = eval.IntervalOf(f.Mean, f.SD, len(e.Seeds))
			}
			if other := named[r.Target+suffix]; other != nil {
				if f := other.Class(class.Class); f != nil {
					bar.Beside = f.Mean
				}
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
