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
	"fairlb/eval/visibility"
)

// DrawProbing draws, over the number of probes a second, how well the load of probed servers
// is known, in two panels, Spearman's correlation and the error, with bands of the 95 %
// intervals; and what the probes send. Beside them what a load balancer knows without
// probes. format is png, svg or pdf.
func DrawProbing(w io.Writer, f *figure.Probing, format string) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrFigure, err)
	}
	where := "simulated"
	if f.Live {
		where = "on real traffic"
	}
	picture := panelGrid{
		title: fmt.Sprintf("What is known of servers that are probed, and what that sends (%s, %s, %s)", f.Scenario, f.Target, where),
		width: 11 * vg.Inch, height: 4.2 * vg.Inch,
	}
	correlation := newPanel("Spearman's correlation with the true load", "probes/s of each server", "")
	errors := newPanel("root mean square error / sd of the load", "probes/s of each server", "")
	rates := newPanel(fmt.Sprintf("what probes of %d servers send", f.Servers), "probes/s of each server", "kbit/s")
	list := f.Of(visibility.Requests)
	low, high := list[0].Frequency, list[len(list)-1].Frequency
	for k, m := range []visibility.Measure{visibility.Requests, visibility.CPUUse} {
		points := f.Of(m)
		thumb, err := drawEstimates(correlation, points, k, func(p *figure.ProbingPoint) figure.Estimate { return p.Spearman })
		if err != nil {
			return err
		}
		if _, err := drawEstimates(errors, points, k, func(p *figure.ProbingPoint) figure.Estimate { return p.Relative }); err != nil {
			return err
		}
		picture.legend = append(picture.legend, legendEntry{[]string{"requests held, probed", "CPU use, probed"}[k], thumb})
	}
	if own, ok := f.Counts(); ok {
		for _, level := range []struct {
			panel *plot.Plot
			value float64
		}{{correlation, own.Spearman.Mean}, {errors, own.Relative.Mean}} {
			if math.IsNaN(level.value) {
				continue
			}
			flat, err := line(plotter.XYs{{X: low, Y: level.value}, {X: high, Y: level.value}}, colours(2), 1.8, vg.Points(6), vg.Points(3))
			if err != nil {
				return err
			}
			level.panel.Add(flat)
			if level.panel == correlation {
				picture.legend = append(picture.legend, legendEntry{fmt.Sprintf("requests, counted by 1 of %d LBs itself: nothing sent", f.LBs), thumbs(flat)})
			}
		}
	}
	entries, err := drawProbeRates(rates, list, low, high)
	if err != nil {
		return err
	}
	picture.legend = append(picture.legend, entries...)
	correlation.Y.Min, correlation.Y.Max, errors.Y.Min = min(0, correlation.Y.Min), 1, 0
	for _, p := range []*plot.Plot{correlation, errors, rates} {
		p.X.Min, p.X.Max = low, high
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, narrowTicks{}
	}
	rates.Y.Scale, rates.Y.Tick.Marker = plot.LogScale{}, oneTwoFiveTicks{}
	picture.add(correlation, errors, rates)
	return picture.write(w, format)
}

// drawEstimates draws the means of points as a line with a dot each, and a band of their
// intervals, in the k-th colour. What does not exist is left out.
func drawEstimates(p *plot.Plot, points []figure.ProbingPoint, k int, of func(*figure.ProbingPoint) figure.Estimate) ([]plot.Thumbnailer, error) {
	var means, lower, upper plotter.XYs
	for i := range points {
		e := of(&points[i])
		if math.IsNaN(e.Mean) {
			continue
		}
		means = append(means, plotter.XY{X: points[i].Frequency, Y: e.Mean})
		if !math.IsNaN(e.Low) && !math.IsNaN(e.High) {
			lower, upper = append(lower, plotter.XY{X: points[i].Frequency, Y: e.Low}), append(upper, plotter.XY{X: points[i].Frequency, Y: e.High})
		}
	}
	if len(means) == 0 {
		return nil, nil
	}
	var shown []plot.Thumbnailer
	if len(lower) > 1 {
		for i := len(lower) - 1; i >= 0; i-- {
			upper = append(upper, lower[i])
		}
		band, err := area(upper, faint(colours(k)))
		if err != nil {
			return nil, err
		}
		p.Add(band)
		shown = append(shown, band)
	}
	l, err := line(means, colours(k), 1.8)
	if err != nil {
		return nil, err
	}
	p.Add(l)
	for _, m := range means {
		d, err := dot(m, colours(k))
		if err != nil {
			return nil, err
		}
		p.Add(d)
	}
	return append(shown, l), nil
}

// drawProbeRates draws what probes send: the answers alone, each as large as the paper's,
// and all with their headers, beside the rate that the paper holds against it.
func drawProbeRates(p *plot.Plot, points []figure.ProbingPoint, low, high float64) (entries []legendEntry, err error) {
	const kilobit = 1000
	for k, rate := range []struct {
		name string
		of   func(figure.ProbeTraffic) float64
	}{
		{"answers of 69 bytes", func(t figure.ProbeTraffic) float64 { return t.Answers }},
		{"probes and answers, TCP/IP headers included", func(t figure.ProbeTraffic) float64 { return t.Wire }},
	} {
		var xys plotter.XYs
		for _, x := range points {
			if y := rate.of(x.Traffic); y > 0 { // on a logarithmic axis
				xys = append(xys, plotter.XY{X: x.Frequency, Y: y / kilobit})
			}
		}
		if len(xys) == 0 {
			continue
		}
		l, err := line(xys, colours(3+k), 1.8)
		if err != nil {
			return nil, err
		}
		p.Add(l)
		entries = append(entries, legendEntry{rate.name, thumbs(l)})
	}
	rack, err := line(plotter.XYs{{X: low, Y: visibility.RackFlowRate / kilobit}, {X: high, Y: visibility.RackFlowRate / kilobit}}, color.Gray{60}, 1.5, vg.Points(2), vg.Points(3))
	if err != nil {
		return nil, err
	}
	p.Add(rack)
	return append(entries, legendEntry{"100 kbit/s, the paper's bound", thumbs(rack)}), nil
}
