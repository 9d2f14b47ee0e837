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
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/paper"
)

// tableRatioMost is the greatest ratio on the axis of DrawTableRatios, and its inverse the
// least; others are arrow heads at the edge.
const tableRatioMost = 8

// The names of the legend of DrawTableRatios.
const (
	ratioBaseline      = "SED"
	ratioHeuristic     = "heuristic"
	ratioAdded         = "heuristic, not in the paper"
	ratioTrained       = "trained"
	ratioInterval      = "95 % interval over training runs and seeds"
	ratioSignificant   = "published"
	ratioInsignificant = "published, not significantly different from SED"
	ratioBeyond        = "beyond the axis"
)

// DrawTableRatios draws how the rows of a table of the paper compare to SED: a panel a
// column, a row a method, on a logarithmic axis. Ours is a dot with its interval, what is
// published a triangle, hollow where Welch's test finds no difference to SED. format is
// png, svg or pdf.
func DrawTableRatios(w io.Writer, f *paper.Filled, format string) error {
	rows := slices.DeleteFunc(indices(len(f.Rows)), func(i int) bool { return f.Rows[i].MethodID == paper.Baseline })
	picture := panelGrid{title: fmt.Sprintf("Table %d. %s, over SED's%s: completed requests (less is better)", f.Number, f.Title, onTraffic(f.Live))}
	columns := 4 // panels beside each other
	if len(f.Columns)%columns != 0 {
		columns = 3
	}
	shown := map[string]legendEntry{}
	for j := range f.Columns {
		p, err := drawTableColumn(f, rows, j, j%columns == 0, shown)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Columns[j].Key, err)
		}
		if j%columns == 0 {
			picture.plots = append(picture.plots, make([]*plot.Plot, columns))
		}
		picture.plots[j/columns][j%columns] = p
	}
	for _, name := range []string{ratioBaseline, ratioHeuristic, ratioAdded, ratioTrained, ratioInterval, ratioSignificant, ratioInsignificant, ratioBeyond} {
		if entry, ok := shown[name]; ok {
			picture.legend = append(picture.legend, entry)
		}
	}
	picture.width = vg.Length(columns)*2.7*vg.Inch + vg.Inch
	picture.height = vg.Length(len(picture.plots))*(vg.Length(len(rows))*0.2+0.8)*vg.Inch + 0.6*vg.Inch
	return picture.write(w, format)
}

// onTraffic is what the titles of pictures have that are of real traffic.
func onTraffic(live bool) string {
	if live {
		return ", on real traffic"
	}
	return ""
}

// indices are the numbers from 0 to n-1.
func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// drawTableColumn draws the panel of one column, and adds what it shows to the entries of
// the legend, which are by name. Without names its rows have none.
func drawTableColumn(f *paper.Filled, rows []int, column int, names bool, shown map[string]legendEntry) (*plot.Plot, error) {
	p := newPanel(f.Columns[column].Group+", "+f.Columns[column].Sub, "", "")
	edge := math.Log2(tableRatioMost)
	bottom := 0.4 - float64(len(rows))
	baseline, err := line(plotter.XYs{{X: 0, Y: 0.6}, {X: 0, Y: bottom}}, color.Gray{60}, 1.2)
	if err != nil {
		return nil, err
	}
	p.Add(baseline)
	shown[ratioBaseline] = legendEntry{ratioBaseline, thumbs(baseline)}
	var ticks plot.ConstantTicks
	for k, i := range rows {
		y := -float64(k)
		c := &f.Cells[i][column]
		label := " " // no label: no line of the grid
		if names {
			label = barName(f.Rows[i])
		}
		ticks = append(ticks, plot.Tick{Value: y, Label: label})
		marks, err := tableRatioMarks(c, f.Rows[i], y, edge, shown)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Rows[i].TargetName(), err)
		}
		p.Add(marks...)
	}
	p.Y.Tick.Marker, p.Y.Tick.Length = ticks, 0
	var values plot.ConstantTicks
	for x := 1.0 / tableRatioMost; x <= tableRatioMost; x *= 2 {
		values = append(values, plot.Tick{Value: math.Log2(x), Label: fmt.Sprintf("%g", x)})
	}
	p.X.Tick.Marker = values
	p.Y.Min, p.Y.Max = bottom, 0.6
	p.X.Min, p.X.Max = -edge-0.15, edge+0.15 // room for the arrow heads
	return p, nil
}

// barName is what a row is called in a picture.
func barName(r paper.Row) string {
	if r.Reward == "" {
		return r.Method
	}
	return r.Method + " " + r.Reward
}

// tableRatioMarks returns the marks of a cell at a height: the published ratio, and above
// it ours with its interval. The axis goes from -edge to edge, in powers of 2.
func tableRatioMarks(c *paper.FilledCell, r paper.Row, y, edge float64, shown map[string]legendEntry) ([]plot.Plotter, error) {
	var marks []plot.Plotter
	add := func(ratio float64, name string, style draw.GlyphStyle, hollow bool) error {
		x := math.Log2(ratio)
		beyond := math.Abs(x) > edge
		if beyond {
			x = math.Copysign(edge, x)
			style.Shape = arrowHead{direction: vg.Length(math.Copysign(1, x)), hollow: hollow}
		}
		point, err := plotter.NewScatter(plotter.XYs{{X: x, Y: y}})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFigure, err)
		}
		point.GlyphStyle = style
		marks = append(marks, point)
		if beyond {
			name = ratioBeyond
		}
		if _, there := shown[name]; !there {
			shown[name] = legendEntry{name, thumbs(point)}
		}
		return nil
	}
	if x := c.PublishedRatio; x != nil && x.Value > 0 {
		name, style := ratioSignificant, draw.GlyphStyle{Color: colours(1), Radius: vg.Points(3.2), Shape: draw.PyramidGlyph{}}
		if !x.Significant {
			name, style.Shape = ratioInsignificant, draw.TriangleGlyph{}
		}
		if err := add(x.Value, name, style, !x.Significant); err != nil {
			return nil, err
		}
	}
	x := c.Ratio
	if x == nil || !(x.Value > 0) {
		return marks, nil
	}
	name, style := ratioHeuristic, draw.GlyphStyle{Color: ruleColour, Radius: vg.Points(2.6), Shape: draw.CircleGlyph{}}
	switch {
	case r.Learned():
		name, style.Color = ratioTrained, colours(0)
	case r.Added:
		name, style.Color = ratioAdded, color.Black
	}
	if low, high := math.Log2(max(x.Lo, 1e-9)), math.Log2(x.Hi); low < edge && high > -edge { // false of NaN
		interval, err := line(plotter.XYs{{X: max(low, -edge), Y: y}, {X: min(high, edge), Y: y}}, style.Color, 1.6)
		if err != nil {
			return nil, err
		}
		marks = append(marks, interval)
		if _, there := shown[ratioInterval]; !there {
			shown[ratioInterval] = legendEntry{ratioInterval, thumbs(interval)}
		}
	}
	err := add(x.Value, name, style, false)
	return marks, err
}
