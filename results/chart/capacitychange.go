package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/figure"
	"fairlb/results/text"
)

// DrawCapacityChangeServers draws the state of the servers over time: a column a group of servers, a row a
// measure, in each a line a target, the mean over seeds, with a band of one
// standard error of it on either side. format is png, svg or pdf.
func DrawCapacityChangeServers(w io.Writer, d *figure.CapacityChange, format string) error {
	picture := panelGrid{
		title: fmt.Sprintf("%s%s: mean over %d seeds and its standard error", d.Scenario, onTraffic(d.Live), len(d.Seeds)),
		width: vg.Length(max(1, len(d.Groups)))*3.6*vg.Inch + vg.Inch, height: 7.6 * vg.Inch,
	}
	labels := [...]string{"busy workers a server", "CPU use (%)", "CPU work left (s / CPU)"}
	for m := range figure.NumServerMeasures {
		var row []*plot.Plot
		top := 0.0
		for g, name := range d.Groups {
			p := newPanel("", "", "")
			if m == 0 {
				p.Title.Text = name
			}
			if m == figure.NumServerMeasures-1 {
				p.X.Label.Text = "time (s)"
			}
			if g == 0 {
				p.Y.Label.Text = labels[m]
			}
			entries, highest, err := drawBands(p, d, m, g)
			if err != nil {
				return err
			}
			if m == 0 && g == 0 {
				picture.legend = entries
			}
			top = max(top, highest)
			row = append(row, p)
		}
		for _, p := range row {
			p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, d.Duration, 0, 1.08*top
			if err := markChanges(p, d.Changes, 1.08*top); err != nil {
				return err
			}
		}
		picture.plots = append(picture.plots, row)
	}
	if len(d.Changes) > 0 {
		mark, err := line(plotter.XYs{{}, {X: 1}}, color.Gray{60}, 1, vg.Points(2), vg.Points(2))
		if err != nil {
			return err
		}
		picture.legend = append(picture.legend, legendEntry{"servers change", thumbs(mark)})
	}
	return picture.write(w, format)
}

// drawBands adds the curves of all targets for one measure and group of servers to a
// panel, and returns their legend and the highest point of any.
func drawBands(p *plot.Plot, d *figure.CapacityChange, m figure.ServerMeasure, group int) ([]legendEntry, float64, error) {
	scale := 1.0
	if m == figure.CPUUse {
		scale = 100
	}
	var lines []*plotter.Line
	var legend []legendEntry
	names := text.Labels(d.TargetNames())
	highest := 0.0
	for k, t := range d.Targets {
		band := t.Servers[m][group]
		n := len(band.Mean)
		curve, outline := make(plotter.XYs, n), make(plotter.XYs, 2*n)
		for i := range n {
			x := d.Interval * (float64(i) + 0.5)
			half := scale * band.SD[i] / math.Sqrt(float64(len(d.Seeds)))
			curve[i] = plotter.XY{X: x, Y: scale * band.Mean[i]}
			outline[i] = plotter.XY{X: x, Y: max(0, scale*band.Mean[i]-half)}
			outline[2*n-1-i] = plotter.XY{X: x, Y: scale*band.Mean[i] + half}
			highest = max(highest, scale*band.Mean[i]+half)
		}
		spread, err := area(outline, faint(colours(k)))
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", t.Name, err)
		}
		l, err := line(curve, colours(k), 1.4)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", t.Name, err)
		}
		p.Add(spread)
		lines, legend = append(lines, l), append(legend, legendEntry{names[k], thumbs(l)})
	}
	for _, l := range lines {
		p.Add(l)
	}
	return legend, highest, nil
}

// markChanges draws a vertical line, up to top, at each time at which servers change.
func markChanges(p *plot.Plot, changes []float64, top float64) error {
	for _, moment := range changes {
		mark, err := line(plotter.XYs{{X: moment}, {X: moment, Y: top}}, color.Gray{60}, 1, vg.Points(2), vg.Points(2))
		if err != nil {
			return err
		}
		p.Add(mark)
	}
	return nil
}

// DrawCapacityChangeCompletions draws the distribution of the completion times of
// each class. format is png, svg or pdf.
func DrawCapacityChangeCompletions(w io.Writer, d *figure.CapacityChange, format string) error {
	picture := panelGrid{title: "Completion times" + onTraffic(d.Live) + " in " + d.Scenario, height: 4.2 * vg.Inch}
	var row []*plot.Plot
	failed := false
	names := text.Labels(d.TargetNames())
	for class, name := range d.Classes {
		list := make([]figure.Distribution, len(d.Targets))
		for k, t := range d.Targets {
			list[k] = t.ByClass[class]
		}
		low, high, _ := limits(list, 1)
		shown := distributions{title: name, names: names, list: list, low: low, high: high}
		p, legend, dotted, err := shown.draw()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		failed = failed || dotted
		if len(legend) == 0 {
			continue // a class without requests
		}
		p.X.Label.Text = completionLabel
		if len(row) == 0 {
			p.Y.Label.Text = partLabel
		}
		if len(legend) > len(picture.legend) {
			picture.legend = legend
		}
		row = append(row, p)
	}
	if len(row) == 0 {
		return fmt.Errorf("%w: %s has no requests", ErrFigure, strings.Join(d.Classes, ", "))
	}
	if failed {
		entry, err := endEntry()
		if err != nil {
			return err
		}
		picture.legend = append(picture.legend, entry)
	}
	picture.add(row...)
	picture.width = vg.Length(len(row))*3.6*vg.Inch + vg.Inch
	return picture.write(w, format)
}
