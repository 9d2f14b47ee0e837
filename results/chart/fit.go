package chart

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/fit"
)

// PlotFit draws the cells of a fit, ours over published, on logarithmic axes;
// those that were left out are hollow. The file's ending chooses the format.
func PlotFit(path string, list []fit.Residual) error {
	p := plot.New()
	p.Title.Text = "The heuristics' rows of Tables 11, 12, 14 and 15"
	p.X.Label.Text, p.Y.Label.Text = "published (s)", "simulated (s)"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = decades{}, decades{}
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
			return fmt.Errorf("results: fit: %w", err)
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
	colours := []color.Color{levels[0], curveColour, levels[1]}
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
				return fmt.Errorf("results: fit: %w", err)
			}
			s.Shape, s.Color, s.Radius = part.shape, colours[k], vg.Points(3.5)
			p.Add(s)
			p.Legend.Add(part.name, s)
		}
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = lo, hi, lo, hi
	if err := p.Save(6.5*vg.Inch, 6*vg.Inch, path); err != nil {
		return fmt.Errorf("results: %s: %w", filepath.Base(path), err)
	}
	return nil
}

// decades labels a logarithmic axis at 1, 2 and 5 times the powers of ten.
type decades struct{}

// Ticks implements plot.Ticker.
func (decades) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for k := math.Floor(math.Log10(lo)); math.Pow(10, k) <= hi; k++ {
		for _, m := range []float64{1, 2, 5} {
			if x := m * math.Pow(10, k); x >= lo && x <= hi {
				ticks = append(ticks, plot.Tick{Value: x, Label: tickLabel(x)})
			}
		}
	}
	return ticks
}

// tickLabel writes 1, 2 or 5 times a power of ten as people do.
func tickLabel(x float64) string {
	if x >= 1 && x < 1e6 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}
