package results

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Family is the training runs of one method.
type Family struct {
	Name   string
	Curves []Curve
}

// wide are the colours of Okabe and Ito for many lines, told apart by their
// dashes as well.
var wide = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{230, 159, 0, 255}, {86, 180, 233, 255}, {0, 0, 0, 255}, {120, 120, 120, 255},
}

// PlotFamilies draws the learning curves of several methods, each as the mean
// of its runs, smoothed over a twentieth of its rounds, with a band from the
// least to the greatest run, over training episodes on a logarithmic axis.
// Completion times above ceiling (s) are cut off, so that what differs can be
// seen. The file's ending chooses the format.
func PlotFamilies(path, title string, families []Family, ceiling float64) error {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "training episodes"
	p.Y.Label.Text = "mean completion time (s), exploring"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
	p.Y.Tick.Marker = roundTicks{}
	p.Legend.Top, p.Legend.Padding = true, vg.Points(2)
	p.Title.Padding = vg.Points(4)
	p.Title.TextStyle.Font.Size, p.Legend.TextStyle.Font.Size = vg.Points(13), vg.Points(10)
	p.Add(plotter.NewGrid())
	first, last, low := math.Inf(1), math.Inf(-1), math.Inf(1)
	for k, f := range families {
		mean, band, err := summarise(f.Curves, max(5, rounds(f.Curves)/20))
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		first, last = min(first, mean[0].X), max(last, mean[len(mean)-1].X)
		for i := range mean {
			mean[i].Y = min(mean[i].Y, ceiling)
			low = min(low, mean[i].Y)
		}
		for i := range band {
			band[i].Y = min(band[i].Y, ceiling)
			low = min(low, band[i].Y)
		}
		area, err := plotter.NewPolygon(band)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCurve, err)
		}
		line, err := plotter.NewLine(mean)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCurve, err)
		}
		c := wide[k%len(wide)]
		area.Color, area.LineStyle.Width = color.NRGBA{c.R, c.G, c.B, 40}, 0
		line.Color, line.Width = c, vg.Points(2)
		if k >= 4 {
			line.Dashes = []vg.Length{vg.Points(8), vg.Points(2)}
		}
		p.Add(area, line)
		p.Legend.Add(fmt.Sprintf("%s (%d)", f.Name, len(f.Curves)), line)
	}
	if math.IsInf(first, 0) {
		return fmt.Errorf("%w: there are none", ErrCurve)
	}
	p.X.Min, p.X.Max = first, last*2 // room for the legend
	p.Y.Min, p.Y.Max = low-0.03*(ceiling-low), ceiling
	if err := p.Save(9*vg.Inch, 5*vg.Inch, path); err != nil {
		return fmt.Errorf("results: %s: %w", filepath.Base(path), err)
	}
	return nil
}

// rounds is the number of rounds of a family's runs.
func rounds(curves []Curve) int {
	if len(curves) == 0 {
		return 0
	}
	return len(curves[0].Episodes)
}
