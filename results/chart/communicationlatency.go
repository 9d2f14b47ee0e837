package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/figure"
	"fairlb/eval/paper"
)

// millisecond is a thousandth of a second, in s.
const millisecond = 1e-3

// DrawCommunicationLatency draws the round-trip times on a link over the number of agents to
// which a controller sends, a line a message: on the left their medians, on the right their
// 99th percentiles. format is png, svg or pdf.
func DrawCommunicationLatency(w io.Writer, f *figure.CommunicationLatency, format string) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrFigure, err)
	}
	picture := panelGrid{
		title: fmt.Sprintf("Round trips on a link of %g Mbit/s beside messages to agents each %g s", f.Rate/1e6, f.Period),
		width: 8.6 * vg.Inch, height: 4.2 * vg.Inch,
	}
	low, high := math.Inf(1), 0.0
	var row []*plot.Plot
	for _, side := range []struct {
		title string
		part  float64
	}{{"median", 0.5}, {"99th percentile", 0.99}} {
		p := newPanel(side.title, "agents", "")
		p.X.Scale, p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogScale{}, powerOfTwoTicks{}, decadeTicks{}
		height := func(seconds float64) float64 {
			ms := max(seconds/millisecond, 1e-6)
			low, high = min(low, ms), max(high, ms)
			return math.Log10(ms)
		}
		idle := f.Idle.Times.Quantile(side.part)
		least, most := math.Inf(1), 1.0
		var legend []legendEntry
		var marks []plot.Plotter
		for k := range f.Messages {
			m := &f.Messages[k]
			var xys plotter.XYs
			for _, at := range m.Points {
				if at.Agents < 1 {
					return fmt.Errorf("%w: messages to %d agents", ErrFigure, at.Agents)
				}
				x := float64(at.Agents)
				least, most = min(least, x), max(most, x)
				xys = append(xys, plotter.XY{X: x, Y: height(at.Times.Quantile(side.part))})
			}
			l, err := line(xys, colours(k), 1.8)
			if err != nil {
				return err
			}
			marks = append(marks, l)
			for _, xy := range xys {
				d, err := dot(xy, colours(k))
				if err != nil {
					return err
				}
				marks = append(marks, d)
			}
			legend = append(legend, legendEntry{fmt.Sprintf("%.3g kB: %s", float64(m.Bytes)/1000, m.What), thumbs(l)})
		}
		if most <= least {
			most = 2 * least
		}
		for _, level := range []struct {
			name   string
			times  float64
			dashes []vg.Length
		}{{"without messages", 1, []vg.Length{6, 3}}, {fmt.Sprintf("%d times that", paper.BusyRoundTrips), paper.BusyRoundTrips, []vg.Length{1.5, 2.5}}} {
			y := height(level.times * idle)
			l, err := line(plotter.XYs{{X: least, Y: y}, {X: most, Y: y}}, color.Gray{90}, 1.3, level.dashes...)
			if err != nil {
				return err
			}
			p.Add(l)
			legend = append(legend, legendEntry{level.name, thumbs(l)})
		}
		p.Add(marks...)
		p.X.Min, p.X.Max = least, most
		picture.legend = legend
		row = append(row, p)
	}
	for _, p := range row { // of one scale
		p.Y.Min, p.Y.Max = math.Log10(low/1.3), math.Log10(high*1.3)
	}
	row[0].Y.Label.Text = "round-trip time (ms)"
	picture.add(row...)
	return picture.write(w, format)
}
