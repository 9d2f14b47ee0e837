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

	"fairlb/eval/figure"
)

// DrawFairWeights draws which weights are fair: for each application profile a box
// from the first to the third quartile of the ratios of work, a line from 5 to 95 %,
// the best fixed ratio with those that are nearly as good, and the ratio of the
// processors. format is png, svg or pdf.
func DrawFairWeights(w io.Writer, f *figure.FairWeights, format string) error {
	p := newPanel("", "application profile", "ratio, large / small server")
	var names []string
	var legend []legendEntry
	for k := range f.Profiles {
		profile := &f.Profiles[k]
		if len(profile.WorkRatios) == 0 || math.IsInf(figure.QuantileOf(profile.WorkRatios, 0.95), 0) {
			return fmt.Errorf("%w: %s: in windows of %g s the small servers often get no request at all", ErrFigure, profile.Name, f.Window)
		}
		names = append(names, profile.Name)
		entries, err := drawProfile(p, profile, float64(k), f.Tolerance)
		if err != nil {
			return fmt.Errorf("%s: %w", profile.Name, err)
		}
		legend = entries
	}
	p.NominalX(names...)
	p.X.Padding = vg.Points(4)
	p.X.Min, p.X.Max, p.Y.Min = -0.6, float64(len(names))-0.4, 0
	p.Y.Max *= 1.05
	picture := panelGrid{
		title:  fmt.Sprintf("Which ratio of weights is fair depends on the application (windows of %g s)", f.Window),
		legend: legend, width: 8 * vg.Inch, height: 4.8 * vg.Inch,
	}
	picture.add(p)
	return picture.write(w, format)
}

// drawProfile draws a profile at the place x of the axis: its ratios of work to the
// left, fixed weights to the right, the ratio of the processors across both.
func drawProfile(p *plot.Plot, profile *figure.FairWeightsProfile, x, tolerance float64) ([]legendEntry, error) {
	const half, left, right = 0.17, -0.12, 0.24
	corner := func(dx, part float64) plotter.XY {
		return plotter.XY{X: x + left + dx, Y: figure.QuantileOf(profile.WorkRatios, part)}
	}
	box, err := area(plotter.XYs{corner(-half, 0.25), corner(half, 0.25), corner(half, 0.75), corner(-half, 0.75)}, color.RGBA{158, 202, 225, 255})
	if err != nil {
		return nil, err
	}
	tuned, err := plotter.NewScatter(plotter.XYs{{X: x + right, Y: profile.BestFixed}})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFigure, err)
	}
	tuned.GlyphStyle = draw.GlyphStyle{Color: colours(2), Radius: vg.Points(4.5), Shape: draw.CircleGlyph{}}
	var lines []*plotter.Line
	for _, l := range []struct {
		xys    plotter.XYs
		colour color.Color
		width  float64
		dashes []vg.Length
	}{
		{plotter.XYs{corner(0, 0.05), corner(0, 0.95)}, color.Gray{90}, 1.4, nil},
		{plotter.XYs{corner(-half, 0.5), corner(half, 0.5)}, colours(0), 2.5, nil},
		{plotter.XYs{{X: x + right, Y: profile.LeastGood}, {X: x + right, Y: profile.GreatestGood}}, colours(2), 3, nil},
		{plotter.XYs{{X: x - 0.4, Y: profile.Processors}, {X: x + 0.4, Y: profile.Processors}}, colours(1), 2, []vg.Length{vg.Points(6), vg.Points(3)}},
	} {
		made, err := line(l.xys, l.colour, l.width, l.dashes...)
		if err != nil {
			return nil, err
		}
		lines = append(lines, made)
	}
	p.Add(lines[0], box, lines[1], lines[2], tuned, lines[3])
	return []legendEntry{
		{"work that the Oracle gives: half of the windows", thumbs(box)}, {"90 % of them", thumbs(lines[0])}, {"median", thumbs(lines[1])},
		{"weights of SED: processors", thumbs(lines[3])}, {fmt.Sprintf("best fixed weights, and those within %g %%", 100*tolerance), thumbs(lines[2], tuned)},
	}, nil
}
