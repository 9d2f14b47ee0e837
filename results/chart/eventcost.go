package chart

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/eventcost"
)

// DrawEventCost draws what an event of the simulator costs over the number of
// servers, and over that of load balancers, on a logarithmic axis, as median and
// range of the runs; and for comparison what grows as the logarithm of the servers.
// format is png, svg or pdf.
func DrawEventCost(w io.Writer, list []eventcost.Cost, format string) error {
	p := plot.New()
	p.Title.Text = "What an event costs as the system grows"
	p.X.Label.Text = "servers, or load balancers (logarithmic)"
	p.Y.Label.Text = "ns an event"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, powerOfTwoTicks{}
	p.Y.Tick.Marker = roundTicks{}
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(2)
	p.Title.TextStyle.Font.Size, p.Legend.TextStyle.Font.Size = vg.Points(13), vg.Points(11)
	p.Title.Padding, p.Legend.YOffs = vg.Points(6), -vg.Points(6)
	p.Add(plotter.NewGrid())
	p.Y.Min = 0

	byServers := func(g eventcost.Cost) (float64, bool) { return float64(g.Servers), g.LBs == list[0].LBs }
	if err := addCosts(p, list, byServers, fmt.Sprintf("SED, servers of %d load balancers", list[0].LBs), colours(0), draw.CircleGlyph{}); err != nil {
		return err
	}
	most := 0
	for _, g := range list {
		if g.LBs > list[0].LBs {
			most = g.Servers
		}
	}
	if most > 0 {
		byLBs := func(g eventcost.Cost) (float64, bool) { return float64(g.LBs), g.Servers == most }
		if err := addCosts(p, list, byLBs, fmt.Sprintf("SED, load balancers of %d servers", most), colours(1), draw.SquareGlyph{}); err != nil {
			return err
		}
	}
	first := list[0]
	logarithm := plotter.NewFunction(func(x float64) float64 {
		return first.Median() * math.Log2(x) / math.Log2(float64(first.Servers))
	})
	logarithm.XMin, logarithm.XMax = float64(first.Servers), p.X.Max
	logarithm.Dashes, logarithm.Color, logarithm.Width = []vg.Length{vg.Points(5), vg.Points(4)}, color.Gray{110}, vg.Points(1.5)
	p.Add(logarithm)
	p.Legend.Add("in proportion to the logarithm of the servers", logarithm)
	p.Y.Max *= 1.25 // room for the legend
	return writePlot(w, p, 8*vg.Inch, 4.5*vg.Inch, format)
}

// addCosts adds a line through the costs that x answers true for, at the places on the
// axis that it gives.
func addCosts(p *plot.Plot, list []eventcost.Cost, x func(eventcost.Cost) (float64, bool), name string, c color.Color, shape draw.GlyphDrawer) error {
	var middle plotter.XYs
	var spread plotter.YErrors
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b eventcost.Cost) int {
		return cmp.Or(cmp.Compare(a.Servers, b.Servers), cmp.Compare(a.LBs, b.LBs))
	})
	for _, g := range list {
		if size, ok := x(g); ok {
			m := g.Median()
			middle = append(middle, plotter.XY{X: size, Y: m})
			spread = append(spread, struct{ Low, High float64 }{m - g.Nanoseconds[0], g.Nanoseconds[len(g.Nanoseconds)-1] - m})
		}
	}
	line, points, err := plotter.NewLinePoints(middle)
	if err != nil {
		return fmt.Errorf("chart: event cost: %w", err)
	}
	bars, err := plotter.NewYErrorBars(struct {
		plotter.XYs
		plotter.YErrors
	}{middle, spread})
	if err != nil {
		return fmt.Errorf("chart: event cost: %w", err)
	}
	line.Color, line.Width = c, vg.Points(2)
	points.Color, points.Shape, points.Radius = c, shape, vg.Points(4)
	bars.Color, bars.Width = c, vg.Points(1.2)
	p.Add(line, points, bars)
	p.Legend.Add(name, line, points)
	return nil
}
