package chart

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/paper"
)

// ErrNotByRate reports a table whose columns are not traffic rates.
var ErrNotByRate = errors.New("chart: the table is not by traffic rate")

// failedMost is the part of the requests that may fail before a point of DrawTableRates is
// a cross: what completed is then no longer what was asked for.
const failedMost = 0.01

// ratePoint is a point of a line over rates.
type ratePoint struct {
	rate, value float64
	lo, hi      float64 // ends of its interval; NaN: there is none
	glyph       draw.GlyphDrawer
}

// rateLine is a line over rates.
type rateLine struct {
	points    []ratePoint
	colour    color.Color
	published bool
}

// DrawTableRates draws a table by traffic rates as lines over the rate: ours to the left,
// the published to the right and, that both can be read at once, those of the learned rows
// to the left too; above the completion times, below their ratios to SED with the intervals
// of ours. Where the paper's servers were overloaded the ground is grey. format is png, svg
// or pdf. Another table gives ErrNotByRate.
func DrawTableRates(w io.Writer, f *paper.Filled, format string) error {
	if !f.ByRate() {
		return fmt.Errorf("%w: table %d", ErrNotByRate, f.Number)
	}
	picture := panelGrid{
		title: fmt.Sprintf("Table %d. %s%s: completed requests (less is better)", f.Number, f.Title, onTraffic(f.Live)),
		width: 11 * vg.Inch, height: 9 * vg.Inch,
	}
	var times, ratios [2][]rateLine // of the panels from left to right
	for i, r := range f.Rows {
		c := rateColour(f.Rows, i)
		ours, published := rateLine{rateTimes(f, i, false), c, false}, rateLine{rateTimes(f, i, true), c, true}
		oursRatio, publishedRatio := rateLine{rateRatios(f, i, false), c, false}, rateLine{rateRatios(f, i, true), c, true}
		times[0], times[1] = append(times[0], ours), append(times[1], published)
		ratios[0], ratios[1] = append(ratios[0], oursRatio), append(ratios[1], publishedRatio)
		if r.Learned() {
			times[0], ratios[0] = append(times[0], published), append(ratios[0], publishedRatio)
		}
		name, err := line(nil, c, 2)
		if err != nil {
			return err
		}
		picture.legend = append(picture.legend, legendEntry{barName(r), thumbs(name)})
	}
	for _, row := range []struct {
		label  string
		lines  [2][]rateLine
		ticks  plot.Ticker
		ratios bool
	}{{"completion time (s)", times, oneTwoFiveTicks{}, false}, {"ratio to SED", ratios, ratioTicks(), true}} {
		var panels []*plot.Plot
		low, high := rateLimits(row.lines)
		for k, lines := range row.lines {
			p, err := drawRates(f, lines, low, high, row.ratios)
			if err != nil {
				return err
			}
			p.Y.Tick.Marker = logTicks(row.ticks.Ticks(low, high))
			if k == 0 {
				p.Y.Label.Text = row.label
			}
			panels = append(panels, p)
		}
		picture.add(panels...)
	}
	ours := "simulated twin"
	if f.Live {
		ours = "real traffic"
	}
	picture.plots[0][0].Title.Text = "ours (" + ours + "), and published of the learned"
	picture.plots[0][1].Title.Text = "published (testbed)"
	for _, p := range picture.plots[1] {
		p.X.Label.Text = "traffic rate (queries/s)"
	}
	marks, err := rateMarks()
	if err != nil {
		return err
	}
	picture.legend = append(picture.legend, marks...)
	return picture.write(w, format)
}

// rateColour is the colour of a row: SED's is black.
func rateColour(rows []paper.Row, i int) color.Color {
	if rows[i].MethodID == paper.Baseline {
		return color.Black
	}
	k := 0
	for _, r := range rows[:i] {
		if r.MethodID != paper.Baseline {
			k++
		}
	}
	return colours(k)
}

// rateTimes are the completion times of a row, ours or the published.
func rateTimes(f *paper.Filled, row int, published bool) []ratePoint {
	var points []ratePoint
	for j, column := range f.Columns {
		c := &f.Cells[row][j]
		rate, _ := column.Rate()
		value := c.Ours.Completed
		known := c.Measured && value.N > 0
		if published {
			value.Mean, known = c.Published.Mean, c.Printed
		}
		if known && value.Mean > 0 {
			points = append(points, ratePoint{rate, value.Mean, math.NaN(), math.NaN(), rateGlyph(c, published, true)})
		}
	}
	return points
}

// rateRatios are the ratios to SED of a row, ours or the published.
func rateRatios(f *paper.Filled, row int, published bool) []ratePoint {
	var points []ratePoint
	for j, column := range f.Columns {
		c := &f.Cells[row][j]
		rate, _ := column.Rate()
		ratio := c.Ratio
		if published {
			ratio = c.PublishedRatio
		}
		if ratio != nil && ratio.Value > 0 {
			points = append(points, ratePoint{rate, ratio.Value, ratio.Lo, ratio.Hi, rateGlyph(c, published, ratio.Significant)})
		}
	}
	return points
}

// rateGlyph is the mark of a point.
func rateGlyph(c *paper.FilledCell, published, significant bool) draw.GlyphDrawer {
	switch {
	case published && significant:
		return draw.PyramidGlyph{}
	case published:
		return draw.TriangleGlyph{}
	case c.Ours.Failed > failedMost:
		return draw.CrossGlyph{}
	}
	return draw.CircleGlyph{}
}

// logTicks are ticks on an axis of decimal logarithms.
func logTicks(ticks []plot.Tick) plot.ConstantTicks {
	list := slices.Clone(ticks)
	for k := range list {
		list[k].Value = math.Log10(list[k].Value)
	}
	return list
}

// ratioTicks label an axis of ratios.
func ratioTicks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, x := range []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 3, 5, 10} {
		ticks = append(ticks, plot.Tick{Value: x, Label: fmt.Sprintf("%g", x)})
	}
	return ticks
}

// intervalLeast and intervalMost bound the part of an interval that widens an axis, relative to
// the outermost value.
const (
	intervalLeast = 0.8
	intervalMost  = 1.25
)

// rateLimits are the least and the greatest value of the axis that panels of a row share:
// of all values, and of what of the intervals is near them.
func rateLimits(panels [2][]rateLine) (low, high float64) {
	low, high = math.Inf(1), 0.0
	each := func(visit func(ratePoint)) {
		for _, lines := range panels {
			for _, l := range lines {
				for _, point := range l.points {
					visit(point)
				}
			}
		}
	}
	each(func(x ratePoint) { low, high = min(low, x.value), max(high, x.value) })
	least, most := low, high
	each(func(x ratePoint) {
		if !math.IsNaN(x.lo) {
			low, high = min(low, max(x.lo, intervalLeast*least)), max(high, min(x.hi, intervalMost*most))
		}
	})
	if high == 0 {
		return 0.5, 2 // nothing is shown
	}
	low, high = min(low, high/intervalMost), max(high, low*intervalMost) // all values may be one
	room := math.Pow(high/low, 0.05)                                     // for the marks
	return low / room, high * room
}

// rateMargin is how far the axis of rates goes beyond the outermost rates, in queries/s.
const rateMargin = 90

// drawRates draws a panel of lines; among ratios SED's is the line at 1. The vertical axis
// is of decimal logarithms: a plot.LogScale would have its label in the wrong place.
func drawRates(f *paper.Filled, lines []rateLine, low, high float64, ratios bool) (*plot.Plot, error) {
	p := newPanel("", "", "")
	last := len(f.Columns) - 1
	first, _ := f.Columns[0].Rate()
	end, _ := f.Columns[last].Rate()
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = first-rateMargin, end+rateMargin, math.Log10(low), math.Log10(high)
	if j := f.Overload(); j <= last {
		before, _ := f.Columns[j-1].Rate()
		begin, _ := f.Columns[j].Rate()
		begin = (before + begin) / 2
		ground, err := area(plotter.XYs{{X: begin, Y: p.Y.Min}, {X: p.X.Max, Y: p.Y.Min}, {X: p.X.Max, Y: p.Y.Max}, {X: begin, Y: p.Y.Max}}, overloadColour)
		if err != nil {
			return nil, err
		}
		p.Add(ground)
	}
	if ratios {
		sed, err := line(plotter.XYs{{X: p.X.Min}, {X: p.X.Max}}, color.Black, 1.2)
		if err != nil {
			return nil, err
		}
		p.Add(sed)
	}
	for k, l := range lines {
		offset := 7 * (float64(k) - float64(len(lines)-1)/2) // that intervals do not hide each other
		if err := drawRateLine(p, l, offset, low, high); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// overloadColour is the ground where servers are overloaded.
var overloadColour = color.NRGBA{0, 0, 0, 16}

// drawRateLine adds a line, its points and, at an offset in queries/s, their intervals.
func drawRateLine(p *plot.Plot, l rateLine, offset, low, high float64) error {
	if len(l.points) == 0 {
		return nil
	}
	var xys plotter.XYs
	for _, x := range l.points {
		xys = append(xys, plotter.XY{X: x.rate, Y: math.Log10(x.value)})
		if math.IsNaN(x.lo) {
			continue
		}
		interval, err := line(plotter.XYs{{X: x.rate + offset, Y: math.Log10(max(x.lo, low))}, {X: x.rate + offset, Y: math.Log10(min(x.hi, high))}}, l.colour, 0.9)
		if err != nil {
			return err
		}
		p.Add(interval)
	}
	width, dashed := 1.7, []vg.Length(nil)
	if l.published {
		width, dashed = 1.1, []vg.Length{vg.Points(4), vg.Points(2.5)}
	}
	through, err := line(xys, l.colour, width, dashed...)
	if err != nil {
		return err
	}
	p.Add(through)
	for k, x := range l.points {
		point, err := dot(xys[k], l.colour)
		if err != nil {
			return err
		}
		point.Shape, point.Radius = x.glyph, rateRadius(x.glyph)
		p.Add(point)
	}
	return nil
}

// rateRadius is the size of a mark.
func rateRadius(glyph draw.GlyphDrawer) vg.Length {
	switch glyph.(type) {
	case draw.CircleGlyph:
		return vg.Points(2.4)
	case draw.CrossGlyph:
		return vg.Points(3.8)
	}
	return vg.Points(3.2)
}

// rateMarks are the entries of the legend that are not of one row.
func rateMarks() ([]legendEntry, error) {
	grey := color.Gray{60}
	mark := func(glyph draw.GlyphDrawer) (*plotter.Scatter, error) {
		point, err := dot(plotter.XY{}, grey)
		if err == nil {
			point.Shape, point.Radius = glyph, rateRadius(glyph)
		}
		return point, err
	}
	var list []legendEntry
	for _, entry := range []struct {
		name   string
		glyph  draw.GlyphDrawer
		dashed bool
	}{
		{"ours", draw.CircleGlyph{}, false},
		{"ours, more than 1 % of requests failed", draw.CrossGlyph{}, false},
		{"published", draw.PyramidGlyph{}, true},
		{"published, not significantly different from SED", draw.TriangleGlyph{}, true},
	} {
		var dashed []vg.Length
		if entry.dashed {
			dashed = []vg.Length{vg.Points(4), vg.Points(2.5)}
		}
		through, err := line(nil, grey, 1.2, dashed...)
		if err != nil {
			return nil, err
		}
		point, err := mark(entry.glyph)
		if err != nil {
			return nil, err
		}
		list = append(list, legendEntry{entry.name, thumbs(through, point)})
	}
	ground, err := area(plotter.XYs{{}, {X: 1}, {X: 1, Y: 1}}, overloadColour)
	if err != nil {
		return nil, err
	}
	return append(list, legendEntry{"overload: SED's published mean is over three times that at the least rate", thumbs(ground)}), nil
}
