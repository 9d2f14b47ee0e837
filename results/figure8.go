package results

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/figure"
)

// WriteCasesText writes the quantiles of Figures 4 (b) and 8 as a table.
func WriteCasesText(w io.Writer, d *figure.Cases) error {
	table := plainTable{
		title:  fmt.Sprintf("%s Completion times by test case, s", figureTitle(d.Figure)),
		header: []string{"test case", "class", "target", "runs", "requests", "failed", "mean", "p50", "p90", "p95", "p99"},
		labels: 3,
		notes: []string{fmt.Sprintf("Of the requests of %d seeds of %g s, and of all training runs of a policy, together; a failed one counts at its timeout.",
			len(d.Seeds), d.Duration)},
	}
	for _, c := range d.Cases {
		names := caseNames(&c)
		for class, name := range c.Classes {
			for k, t := range c.Targets {
				x := t.Completions[class]
				if x.N == 0 {
					continue
				}
				runs := "-"
				if t.Runs > 0 {
					runs = strconv.Itoa(t.Runs)
				}
				row := []string{c.Scenario, name, names[k], runs, strconv.Itoa(x.N), failedText(&x), seconds(x.Mean)}
				for _, p := range []float64{0.5, 0.9, 0.95, 0.99} {
					row = append(row, seconds(x.At(p)))
				}
				table.rows = append(table.rows, row)
			}
		}
	}
	return table.write(w)
}

// figureTitle is a figure's name as a title begins.
func figureTitle(name string) string {
	if last := len(name) - 1; name[last] >= 'a' {
		return fmt.Sprintf("Figure %s (%s).", name[:last], name[last:])
	}
	return fmt.Sprintf("Figure %s.", name)
}

// WriteCasesCSV writes one row a test case, class, target and quantile: in
// completion_s of all requests, a failed one at its timeout, in done_s of those
// that did not fail.
func WriteCasesCSV(w io.Writer, d *figure.Cases) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"case", "scenario", "class", "target", "runs", "requests", "failed", "mean_s", "longest_done_s", "quantile", "completion_s", "done_s"}}
	for _, c := range d.Cases {
		for class, name := range c.Classes {
			for _, t := range c.Targets {
				x := t.Completions[class]
				for k := range x.Values {
					rows = append(rows, []string{c.Name, c.Scenario, name, t.Name, strconv.Itoa(t.Runs), strconv.Itoa(x.N), strconv.Itoa(x.Failed), exact(x.Mean),
						longestText(&x), exact(figure.Quantiles()[k]), exact(x.Values[k]), doneText(&x, k)})
				}
			}
		}
	}
	return out.WriteAll(rows)
}

// DrawCases draws Figures 4 (b) and 8: a column a test case, a row a class, in
// each a line a target, or for a single case a column a class. All panels of a
// class have one axis of time. format is png, svg or pdf.
func DrawCases(w io.Writer, d *figure.Cases, format string) error {
	if len(d.Cases) == 0 {
		return fmt.Errorf("%w: there are no test cases", ErrFigure)
	}
	classes := d.Cases[0].Classes
	single := len(d.Cases) == 1
	picture := panels{title: fmt.Sprintf("Completion times over %d seeds of %g s", len(d.Seeds), d.Duration)}
	if single {
		picture.title += " in " + d.Cases[0].Name
	}
	top := casesTop(d)
	failed := false
	var rows [][]*plot.Plot
	for class, name := range classes {
		var row []*plot.Plot
		low, high, _ := limits(ofClass(d.Cases, class), top)
		for k, c := range d.Cases {
			title := name
			if !single {
				title = c.Name + ", " + name
			}
			shown := distributions{title: title, list: ofClass(d.Cases[k:k+1], class), names: caseNames(&c), low: low, high: high, top: top}
			p, legend, ends, err := shown.draw()
			if err != nil {
				return fmt.Errorf("%s, %s: %w", c.Name, name, err)
			}
			failed = failed || ends
			if len(legend) == 0 {
				return fmt.Errorf("%w: %s has no %s requests", ErrFigure, c.Name, name)
			}
			if len(legend) > len(picture.legend) {
				picture.legend = legend
			}
			row = append(row, p)
		}
		row[0].Y.Label.Text = partLabel
		if single && class > 0 {
			row[0].Y.Label.Text = ""
			rows[0] = append(rows[0], row[0])
			continue
		}
		rows = append(rows, row)
	}
	for _, p := range rows[len(rows)-1] {
		p.X.Label.Text = completionLabel
	}
	if failed {
		entry, err := endEntry()
		if err != nil {
			return err
		}
		picture.legend = append(picture.legend, entry)
	}
	picture.plots = rows
	picture.width = vg.Length(len(rows[0]))*3.4*vg.Inch + vg.Inch
	picture.height = vg.Length(len(rows))*3.2*vg.Inch + vg.Inch
	return picture.write(w, format)
}

// caseNames returns what a case's targets are called.
func caseNames(c *figure.Case) []string {
	var names []string
	for _, t := range c.Targets {
		names = append(names, t.Name)
	}
	return shortNames(names)
}

// ofClass returns the completions of a class by case and target.
func ofClass(cases []figure.Case, class int) []figure.Completions {
	var list []figure.Completions
	for _, c := range cases {
		for _, t := range c.Targets {
			list = append(list, t.Completions[class])
		}
	}
	return list
}

// casesTop returns the part of the requests up to which the axes go: 99.99 %
// where anything has so many done, or else 99.9 %.
func casesTop(d *figure.Cases) float64 {
	const most, least = 0.9999, 0.999
	for class := range d.Cases[0].Classes {
		if _, _, part := limits(ofClass(d.Cases, class), most); part > least {
			return most
		}
	}
	return least
}
