package chart

import (
	"fmt"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/figure"
	"fairlb/results/text"
)

// DrawCompletionDistributions draws how completion times are distributed: a column a
// test case and a row a class, or for a single case a column a class, with a line a
// target in each panel. All panels of a class have the same axis of time. format is
// png, svg or pdf.
func DrawCompletionDistributions(w io.Writer, d *figure.CompletionDistributions, format string) error {
	if len(d.Cases) == 0 {
		return fmt.Errorf("%w: there are no test cases", ErrFigure)
	}
	classes := d.Cases[0].Classes
	single := len(d.Cases) == 1
	picture := panelGrid{title: "Completion times" + onTraffic(d.Live)}
	if d.Seeds() > 0 { // a recorded figure does not know
		picture.title += fmt.Sprintf(" over %d seeds of %g s", d.Seeds(), d.Duration)
	}
	if single {
		picture.title += " in " + d.Cases[0].Name
	}
	top := casesTop(d)
	failed := false
	var rows [][]*plot.Plot
	for class, name := range classes {
		var row []*plot.Plot
		low, high, _ := limits(distributionsOfClass(d.Cases, class), top)
		for k, c := range d.Cases {
			title := name
			if !single {
				title = c.Name + ", " + name
			}
			shown := distributions{title: title, list: distributionsOfClass(d.Cases[k:k+1], class), names: text.Labels(c.TargetNames()), low: low, high: high, top: top}
			p, legend, dotted, err := shown.draw()
			if err != nil {
				return fmt.Errorf("%s, %s: %w", c.Name, name, err)
			}
			failed = failed || dotted
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

// ofClass returns the distributions of a class, by test case and target.
func distributionsOfClass(cases []figure.CaseDistributions, class int) []figure.Distribution {
	var list []figure.Distribution
	for _, c := range cases {
		for _, t := range c.Targets {
			list = append(list, t.ByClass[class])
		}
	}
	return list
}

// casesTop returns the part of the requests at which the axes end: 99.99 % if so many
// are done by any target in any case, or else 99.9 %.
func casesTop(d *figure.CompletionDistributions) float64 {
	const most, least = 0.9999, 0.999
	for class := range d.Cases[0].Classes {
		if _, _, part := limits(distributionsOfClass(d.Cases, class), most); part > least {
			return most
		}
	}
	return least
}
