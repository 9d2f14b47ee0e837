package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Means is a picture of means with their intervals, a panel a scenario or a
// column of a table.
type Means struct {
	Title  string
	Label  string // of the axis, with its unit
	Beside string // what MeanBar.Beside is; empty: published
	Panels []MeansPanel
}

// MeansPanel is a chart of horizontal bars, the first at the top.
type MeansPanel struct {
	Name string
	Bars []MeanBar
}

// MeanBar is one bar.
type MeanBar struct {
	Name      string
	Trained   bool    // a learned method; else a heuristic
	Added     bool    // a heuristic that the paper has not
	Mean      float64 // finite, at least 0
	Low, High float64 // ends of its interval; NaN: there is none
	All       float64 // the mean with failed requests at their timeout; NaN: none failed, or Mean has them
	Beside    float64 // the value that it is compared with: the paper's, or Means.Beside; NaN: there is none
}

// The sizes of DrawMeans.
const (
	meansColumns = 4    // panels beside each other
	barHeight    = 0.36 // half the height of a bar, as a part of the distance between two
)

// DrawMeans draws means as bars, each with its value to the right. A bar that is far
// longer than the others is cut off, with a gap and without its interval; an interval
// that goes beyond the axis ends in an arrow head; other marks beyond the axis are left
// out. format is png, svg or pdf.
func DrawMeans(w io.Writer, m *Means, format string) error {
	if len(m.Panels) == 0 {
		return fmt.Errorf("%w: there are no means", ErrFigure)
	}
	picture := panelGrid{title: m.Title}
	columns := min(meansColumns, len(m.Panels))
	most := 0
	shown := map[string]legendEntry{}
	for k, panel := range m.Panels {
		p, err := drawMeans(&panel, besideName(m.Beside), shown)
		if err != nil {
			return fmt.Errorf("%s: %w", panel.Name, err)
		}
		if k+columns >= len(m.Panels) {
			p.X.Label.Text = m.Label
		}
		picture.place(k, columns, p)
		most = max(most, len(panel.Bars))
	}
	for _, name := range []string{heuristicBar, addedBar, trainedBar, brokenBar, intervalBar, cutInterval, allBar, besideName(m.Beside)} {
		if entry, ok := shown[name]; ok {
			picture.legend = append(picture.legend, entry)
		}
	}
	picture.width = vg.Length(columns)*3.6*vg.Inch + vg.Inch
	picture.height = vg.Length(len(picture.plots))*(vg.Length(most)*0.22+0.9)*vg.Inch + 0.7*vg.Inch
	return picture.write(w, format)
}

// The names of the legend.
const (
	heuristicBar = "heuristic"
	addedBar     = "heuristic, not in the paper"
	trainedBar   = "trained"
	brokenBar    = "cut off, without its interval"
	intervalBar  = "95 % interval"
	cutInterval  = "interval, on beyond the axis"
	allBar       = "with failed requests at their timeout, where it is on the axis"
)

// besideName is the legend's name of what values are compared with.
func besideName(what string) string {
	if what == "" {
		what = "published"
	}
	return what + ", where it is on the axis"
}

// drawMeans draws one panel, and adds what it shows to the entries of the legend,
// which are by name.
func drawMeans(panel *MeansPanel, beside string, shown map[string]legendEntry) (*plot.Plot, error) {
	if len(panel.Bars) == 0 {
		return nil, fmt.Errorf("%w: there are no means", ErrFigure)
	}
	end := meansEnd(panel.Bars)
	p := newPanel(panel.Name, "", "")
	var names plot.ConstantTicks
	var marks []plot.Plotter // over all bars
	var labels plotter.XYLabels
	for k, b := range panel.Bars {
		if math.IsNaN(b.Mean) || math.IsInf(b.Mean, 0) || b.Mean < 0 {
			return nil, fmt.Errorf("%w: %s: mean %g must be finite and at least 0", ErrFigure, b.Name, b.Mean)
		}
		y := -float64(k)
		kind, fill := heuristicBar, color.Color(color.Gray{175})
		switch {
		case b.Trained:
			kind, fill = trainedBar, colours(5)
		case b.Added:
			kind, fill = addedBar, color.Gray{120}
		}
		to := min(b.Mean, end)
		bar, err := area(plotter.XYs{{X: 0, Y: y - barHeight}, {X: to, Y: y - barHeight}, {X: to, Y: y + barHeight}, {X: 0, Y: y + barHeight}}, fill)
		if err != nil {
			return nil, err
		}
		p.Add(bar)
		shown[kind] = legendEntry{kind, thumbs(bar)}
		names = append(names, plot.Tick{Value: y, Label: b.Name})
		if b.Mean > end {
			gap, err := line(plotter.XYs{{X: 0.93 * end, Y: y - 1.2*barHeight}, {X: 0.95 * end, Y: y + 1.2*barHeight}}, color.White, 3)
			if err != nil {
				return nil, err
			}
			p.Add(gap)
			shown[brokenBar] = legendEntry{brokenBar, thumbs(brokenThumb{})}
		} else if !math.IsNaN(b.Low) {
			interval, heads, err := drawInterval(b.Low, b.High, end, y)
			if err != nil {
				return nil, err
			}
			marks = append(marks, interval)
			shown[intervalBar] = legendEntry{intervalBar, thumbs(interval)}
			for _, head := range heads {
				marks = append(marks, head)
				shown[cutInterval] = legendEntry{cutInterval, thumbs(cutThumb{})}
			}
		}
		for _, mark := range []struct {
			name  string
			value float64
			style draw.GlyphStyle
		}{
			{allBar, b.All, draw.GlyphStyle{Color: intervalColour, Radius: vg.Points(3), Shape: draw.RingGlyph{}}},
			{beside, b.Beside, draw.GlyphStyle{Color: colours(1), Radius: vg.Points(3), Shape: draw.PyramidGlyph{}}},
		} {
			if !(mark.value <= end) {
				continue
			}
			point, err := plotter.NewScatter(plotter.XYs{{X: mark.value, Y: y}})
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrFigure, err)
			}
			point.GlyphStyle = mark.style
			marks = append(marks, point)
			shown[mark.name] = legendEntry{mark.name, thumbs(point)}
		}
		labels.XYs = append(labels.XYs, plotter.XY{X: 1.04 * end, Y: y})
		labels.Labels = append(labels.Labels, strconv.FormatFloat(b.Mean, 'g', 3, 64))
	}
	p.Add(marks...)
	values, err := plotter.NewLabels(labels)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFigure, err)
	}
	for k := range values.TextStyle {
		values.TextStyle[k].Font.Size = vg.Points(9)
		values.TextStyle[k].YAlign = text.YCenter
	}
	values.Offset.X = vg.Points(4)
	p.Add(values)
	p.X.Tick.Marker, p.Y.Tick.Marker = fewTicks{}, names
	p.Y.Tick.Length = 0
	p.Y.Min, p.Y.Max = -float64(len(panel.Bars))+0.4, 0.6
	p.X.Min, p.X.Max = 0, 1.28*end // room for the values
	return p, nil
}

// intervalColour is that of intervals, over bars of any colour.
var intervalColour = color.Gray{40}

// drawInterval returns the part of an interval that is on an axis from 0 to
// end, with an arrow head at either end that is not.
func drawInterval(low, high, end, y float64) (*plotter.Line, []*plotter.Scatter, error) {
	interval, err := line(plotter.XYs{{X: max(0, low), Y: y}, {X: min(high, end), Y: y}}, intervalColour, 1.6)
	if err != nil {
		return nil, nil, err
	}
	var heads []*plotter.Scatter
	add := func(x float64, shape arrowHead) error {
		head, err := plotter.NewScatter(plotter.XYs{{X: x, Y: y}})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFigure, err)
		}
		head.GlyphStyle = draw.GlyphStyle{Color: intervalColour, Radius: vg.Points(4), Shape: shape}
		heads = append(heads, head)
		return nil
	}
	if low < 0 {
		err = add(0, arrowHead{direction: -1})
	}
	if high > end && err == nil {
		err = add(end, arrowHead{direction: 1})
	}
	return interval, heads, err
}

// arrowHead is a glyph that points to the right, or with -1 to the left: its
// tip is beyond the point by its radius.
type arrowHead struct {
	direction vg.Length
	hollow    bool // its outline alone is drawn
}

// DrawGlyph implements draw.GlyphDrawer.
func (a arrowHead) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, point vg.Point) {
	r := style.Radius
	outline := []vg.Point{{X: point.X + a.direction*r, Y: point.Y}, {X: point.X - a.direction*r, Y: point.Y + r}, {X: point.X - a.direction*r, Y: point.Y - r}}
	if a.hollow {
		c.StrokeLines(draw.LineStyle{Color: style.Color, Width: vg.Points(0.5)}, append(outline, outline[0]))
		return
	}
	c.FillPolygon(style.Color, outline)
}

// cutBeyond is how many times the median mean a mean must exceed to be cut off.
const cutBeyond = 3

// meansEnd returns where the axis of a panel ends: at the greatest mean, end of an
// interval or value beside, leaving out those that are cut off.
func meansEnd(bars []MeanBar) float64 {
	means := make([]float64, len(bars))
	for k, b := range bars {
		means[k] = b.Mean
	}
	slices.Sort(means)
	limit := cutBeyond * means[(len(means)-1)/2]
	end := 0.0
	for _, b := range bars {
		if b.Mean > limit {
			continue
		}
		end = max(end, b.Mean)
		for _, x := range []float64{b.High, b.Beside} {
			if x <= limit {
				end = max(end, x)
			}
		}
	}
	if end == 0 {
		return 1 // all are 0
	}
	return end
}

// cutThumb is the legend's picture of an interval that ends in an arrow head.
type cutThumb struct{}

// Thumbnail implements plot.Thumbnailer.
func (cutThumb) Thumbnail(c *draw.Canvas) {
	r := vg.Points(4)
	y, end := c.Center().Y, c.Max.X-r
	c.StrokeLine2(draw.LineStyle{Color: intervalColour, Width: vg.Points(1.6)}, c.Min.X, y, end, y)
	arrowHead{direction: 1}.DrawGlyph(c, draw.GlyphStyle{Color: intervalColour, Radius: r}, vg.Point{X: end, Y: y})
}

// brokenThumb is the legend's picture of a bar that is cut off.
type brokenThumb struct{}

// Thumbnail implements plot.Thumbnailer.
func (brokenThumb) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(color.Gray{175}, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	middle := c.Center().X
	c.StrokeLine2(draw.LineStyle{Color: color.White, Width: vg.Points(3)}, middle-vg.Points(1.5), c.Min.Y, middle+vg.Points(1.5), c.Max.Y)
}
