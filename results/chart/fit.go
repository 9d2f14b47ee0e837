package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/fit"
)

// DrawFit draws the cells of a fit, simulated over published, on logarithmic axes;
// those that do not count in the fit are hollow. format is png, svg or pdf.
func DrawFit(w io.Writer, list []fit.Residual, format string) error {
	p := plot.New()
	p.Title.Text = "The heuristics' rows of Tables 11, 12, 14 and 15"
	p.X.Label.Text, p.Y.Label.Text = "published (s)", "simulated (s)"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = oneTwoFiveTicks{}, oneTwoFiveTicks{}
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(2)
	p.Title.TextStyle.Font.Size, p.Legend.TextStyle.Font.Size = vg.Points(13), vg.Points(10)
	p.Title.Padding, p.Legend.YOffs = vg.Points(4), -vg.Points(6)
	p.Add(plotter.NewGrid())
	lo, hi := math.Inf(1), 0.0
	for _, r := range list {
		lo, hi = min(lo, r.Mean, r.Ours), max(hi, r.Mean, r.Ours)
	}
	lo, hi = lo/1.3, hi*1.3
	for _, factor := range []float64{1, 0.5, 2} {
		line, err := plotter.NewLine(plotter.XYs{{X: lo, Y: lo * factor}, {X: hi, Y: hi * factor}})
		if err != nil {
			return fmt.Errorf("chart: fit: %w", err)
		}
		line.Color, line.Width = color.Gray{110}, vg.Points(1)
		if factor != 1 {
			line.Dashes = []vg.Length{vg.Points(3), vg.Points(3)}
		} else {
			p.Legend.Add("equal; dashed: twice and half", line)
		}
		p.Add(line)
	}
	shapes := []draw.GlyphDrawer{draw.PyramidGlyph{}, draw.CircleGlyph{}, draw.BoxGlyph{}}
	hollow := []draw.GlyphDrawer{draw.TriangleGlyph{}, draw.RingGlyph{}, draw.SquareGlyph{}}
	rowColours := []color.Color{colours(1), colours(0), colours(2)}
	for k, row := range []string{"WCMP", "LSQ", "SED"} {
		var fitted, left plotter.XYs
		for _, r := range list {
			point := plotter.XY{X: r.Mean, Y: r.Ours}
			switch {
			case r.Row == row && r.Excluded:
				left = append(left, point)
			case r.Row == row:
				fitted = append(fitted, point)
			}
		}
		for _, part := range []struct {
			points plotter.XYs
			shape  draw.GlyphDrawer
			name   string
		}{{fitted, shapes[k], row}, {left, hollow[k], row + ", overloaded: not fitted"}} {
			if len(part.points) == 0 {
				continue
			}
			s, err := plotter.NewScatter(part.points)
			if err != nil {
				return fmt.Errorf("chart: fit: %w", err)
			}
			s.Shape, s.Color, s.Radius = part.shape, rowColours[k], vg.Points(3.5)
			p.Add(s)
			p.Legend.Add(part.name, s)
		}
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = lo, hi, lo, hi
	return writePlot(w, p, 6.5*vg.Inch, 6*vg.Inch, format)
}
