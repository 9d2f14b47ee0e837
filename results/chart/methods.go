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
)

// DrawMethodCurves draws the learning curves of several methods over training
// episodes on a logarithmic axis, a panel a method: the mean of its runs,
// smoothed over a twentieth of its rounds, with a band from the least to the
// greatest run, before the means of the others in grey. Completion times above
// ceiling (s) are cut off, which the title says, so that what differs can be
// seen. format is png, svg or pdf.
func DrawMethodCurves(w io.Writer, title string, methods []figure.MethodCurves, ceiling float64, format string) error {
	if len(methods) == 0 {
		return fmt.Errorf("%w: there are none", ErrCurve)
	}
	picture := panelGrid{title: title}
	means, bands := make([]plotter.XYs, len(methods)), make([]plotter.XYs, len(methods))
	first, last, low, high := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for k, f := range methods {
		var err error
		if means[k], bands[k], err = summarise(f.Curves, max(5, rounds(f.Curves)/20), 1); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		first, last = min(first, means[k][0].X), max(last, means[k][len(means[k])-1].X)
		for _, point := range bands[k] {
			low, high = min(low, point.Y), max(high, point.Y)
		}
	}
	if high > ceiling {
		picture.title += fmt.Sprintf("; cut off at %g s", ceiling)
		high = ceiling
	}
	low = min(low, high)
	columns := min(methodColumns, len(methods))
	for k, f := range methods {
		p, legend, err := drawMethod(k, means, bands)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		p.Title.Text = fmt.Sprintf("%s (%d)", f.Name, len(f.Curves))
		if k+columns >= len(methods) {
			p.X.Label.Text = "training episodes"
		}
		if k%columns == 0 {
			p.Y.Label.Text = "mean completion time (s)"
		}
		p.X.Min, p.X.Max = first, last
		p.Y.Min, p.Y.Max = low-0.03*(high-low), high
		picture.place(k, columns, p)
		picture.legend = legend
	}
	picture.width = vg.Length(columns)*3.2*vg.Inch + vg.Inch
	picture.height = vg.Length(len(picture.plots))*2.4*vg.Inch + 0.8*vg.Inch
	return picture.write(w, format)
}

// methodColumns is how many panels are beside each other in DrawMethodCurves.
const methodColumns = 4

// drawMethod draws the panel of the k-th method and returns its legend. bands are the
// areas from the least to the greatest run of each method.
func drawMethod(k int, means, bands []plotter.XYs) (*plot.Plot, []legendEntry, error) {
	p := newPanel("", "", "")
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, narrowTicks{}
	spread, err := area(bands[k], faint(colours(k)))
	if err != nil {
		return nil, nil, err
	}
	mean, err := line(means[k], colours(k), 1.8)
	if err != nil {
		return nil, nil, err
	}
	legend := []legendEntry{{"mean of the runs", thumbs(mean)}, {"from the least to the greatest", thumbs(spread)}}
	p.Add(spread)
	for other := range means {
		if other == k {
			continue
		}
		l, err := line(means[other], color.Gray{170}, 0.8)
		if err != nil {
			return nil, nil, err
		}
		p.Add(l)
		if len(legend) == 2 {
			legend = append(legend, legendEntry{"means of the other methods", thumbs(l)})
		}
	}
	p.Add(mean)
	return p, legend, nil
}

// rounds is the number of rounds of a family's runs.
func rounds(curves []figure.LearningCurve) int {
	if len(curves) == 0 {
		return 0
	}
	return len(curves[0].Episodes)
}
