package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/theory/complexity"
)

// complexityColumns is how many operations are beside each other.
const complexityColumns = 4

// risingEnd is up to which multiple dashes rise: that of the claims of time, which all
// are of m, whose range is the shortest.
const risingEnd = 16

// DrawComplexity draws Table 7: a panel for each operation, with a line for each
// parameter, which is the median time over how many times the parameter is what it is
// where the others are varied, on logarithmic axes. Dashes, from where all three lines
// meet, are the claimed growth. format is png, svg or pdf.
func DrawComplexity(w io.Writer, m *complexity.Measurement, format string) error {
	if err := m.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrFigure, err)
	}
	base, k := complexity.Base(), 0
	picture := panelGrid{
		title: fmt.Sprintf("Table 7: time of operations on the shared memory as one size grows from k = %d, N = %d, m = %d, beside the claims", base.Samples, base.Servers, base.Level),
		width: 13 * vg.Inch, height: 11 * vg.Inch,
	}
	for _, r := range complexity.Rows() {
		for _, name := range r.Operations {
			panel := newPanel(name+": "+r.Time.Text, "times the base", "")
			legend, err := addComplexity(panel, m, name, r.Time)
			if err != nil {
				return err
			}
			if k == 0 {
				picture.legend = legend
			}
			picture.place(k, complexityColumns, panel)
			k++
		}
	}
	return picture.write(w, format)
}

// addComplexity adds an operation's lines, and returns what they are called.
func addComplexity(p *plot.Plot, m *complexity.Measurement, name string, claim complexity.Bound) ([]legendEntry, error) {
	words := map[complexity.Parameter]string{complexity.Samples: "k, samples of a reservoir", complexity.Servers: "N, servers", complexity.Level: "m, frames in each direction"}
	var legend []legendEntry
	low, high, right := math.Inf(1), 0.0, 1.0
	var at []float64 // the times where the lines meet
	for k, parameter := range complexity.Parameters() {
		var xys plotter.XYs
		base := float64(complexity.Base().Of(parameter))
		for _, t := range m.Series(name, parameter) {
			x, y := float64(t.Of(parameter))/base, t.Median()
			xys = append(xys, plotter.XY{X: x, Y: y})
			low, high, right = min(low, y), max(high, y), max(right, x)
			if x == 1 {
				at = append(at, y)
			}
		}
		l, err := line(xys, colours(k), 1.8)
		if err != nil {
			return nil, err
		}
		p.Add(l)
		for _, xy := range xys {
			d, err := dot(xy, colours(k))
			if err != nil {
				return nil, err
			}
			p.Add(d)
		}
		legend = append(legend, legendEntry{words[parameter], thumbs(l)})
	}
	if len(at) == 0 {
		return nil, fmt.Errorf("%w: %s: no time at the base", ErrFigure, name)
	}
	slices.Sort(at)
	from := at[len(at)/2]
	claims, err := addClaims(p, from, right, claim)
	if err != nil {
		return nil, err
	}
	if len(claim.Grows) > 0 {
		high = max(high, from*risingEnd)
	}
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = multipleTicks{}, nanosecondTicks{}
	// Two decades at least, so that noise does not look like growth.
	p.Y.Min, p.Y.Max = min(low/1.5, from/5), max(high*1.5, from*20)
	return append(legend, legendEntry{"the paper's claim: a line above its dashes grows more", thumbs(claims)}), nil
}

// addClaims adds dashes from a time at the base: level ones for what is claimed to be
// constant, and rising ones, in the parameter's colour, for what is claimed to be linear.
func addClaims(p *plot.Plot, from, right float64, claim complexity.Bound) (*plotter.Line, error) {
	level, err := line(plotter.XYs{{X: 1, Y: from}, {X: right, Y: from}}, color.Gray{90}, 1.2, vg.Points(5), vg.Points(4))
	if err != nil {
		return nil, err
	}
	p.Add(level)
	for k, parameter := range complexity.Parameters() {
		if claim.Order(parameter) == 0 {
			continue
		}
		rising, err := line(plotter.XYs{{X: 1, Y: from}, {X: risingEnd, Y: from * risingEnd}}, colours(k), 1.2, vg.Points(5), vg.Points(4))
		if err != nil {
			return nil, err
		}
		p.Add(rising)
	}
	return level, nil
}
