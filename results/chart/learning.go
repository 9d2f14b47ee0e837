package chart

import (
	"errors"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/figure"
	"fairlb/eval/study"
)

// ErrCurve reports curves that cannot be drawn together.
var ErrCurve = errors.New("chart: curves cannot be drawn")

// smoothing is over how many rounds a curve of training is averaged.
const smoothing = 5

// DrawLearningCurves draws, for each method, the mean of the curves of several training
// runs over their episodes, with a band from the least to the greatest run, beside levels
// such as a heuristic's completion time. Those of training, in which each round has
// arrivals of its own, are smoothed over five rounds. Those of validation are of the same
// episodes each time: they are not smoothed, over the baseline's level where that is
// given, and on a logarithmic axis, as most is learned early. Each method has a colour of its
// own, so that there can be no more of them than colours; levels, which are dashed, each in
// its way, may have those of methods. format is png, svg or pdf.
func DrawLearningCurves(w io.Writer, l *figure.Learning, format string) error {
	if len(l.Methods) > colourCount {
		return fmt.Errorf("%w: there are %d methods: want at most %d, each in a colour of its own", ErrCurve, len(l.Methods), colourCount)
	}
	over, unit, label, who := smoothing, 1.0, "mean completion time (s)", "agents while they explore"
	if l.Greedy() {
		over, who = 1, "without exploring, in validation"
		for _, level := range l.Levels {
			if level.Name == study.Baseline {
				unit, label = level.Value, "mean completion time over "+study.Baseline+"'s"
			}
		}
	}
	p := newPanel("", "training episodes", label)
	picture := panelGrid{title: "Training on " + l.Scenario, width: 8 * vg.Inch, height: 4.8 * vg.Inch}
	first, last := math.Inf(1), math.Inf(-1)
	for k, m := range l.Methods {
		mean, band, err := summarise(m.Curves, over, unit)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		spread, err := area(band, faint(colours(k)))
		if err != nil {
			return err
		}
		middle, err := line(mean, colours(k), 2)
		if err != nil {
			return err
		}
		p.Add(spread, middle)
		picture.legend = append(picture.legend, legendEntry{fmt.Sprintf("%s, %s: mean and range of %d runs", m.Name, who, len(m.Curves)), thumbs(spread, middle)})
		first, last = min(first, mean[0].X), max(last, mean[len(mean)-1].X)
	}
	if len(l.Methods) == 0 {
		return fmt.Errorf("%w: there are none", ErrCurve)
	}
	for k, level := range l.Levels {
		y := level.Value / unit
		flat, err := line(plotter.XYs{{X: first, Y: y}, {X: last, Y: y}}, colours(len(l.Methods)+k), 1.5, vg.Points(6), vg.Points(float64(3+2*k)))
		if err != nil {
			return fmt.Errorf("%s: %w", level.Name, err)
		}
		p.Add(flat)
		picture.legend = append(picture.legend, legendEntry{level.Name, thumbs(flat)})
	}
	if l.Greedy() {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, narrowTicks{}
	}
	margin := 0.03 * (p.Y.Max - p.Y.Min) // for a level at the edge
	p.Y.Min, p.Y.Max = p.Y.Min-margin, p.Y.Max+margin
	picture.add(p)
	return picture.write(w, format)
}

// summarise returns the mean of several curves, and the outline of the area from
// the least to the greatest of them, each smoothed over so many rounds, in a unit.
func summarise(curves []figure.LearningCurve, over int, unit float64) (mean, band plotter.XYs, err error) {
	if len(curves) == 0 {
		return nil, nil, fmt.Errorf("%w: there are none", ErrCurve)
	}
	n := len(curves[0].Episodes)
	var smooth [][]float64
	for k, c := range curves {
		if len(c.Episodes) != n || len(c.Completion) != n || n < 2 {
			return nil, nil, fmt.Errorf("%w: run %d has %d rounds, the first %d: want the same number, at least 2", ErrCurve, k+1, len(c.Episodes), n)
		}
		smooth = append(smooth, movingMean(c.Completion, over))
		floats.Scale(1/unit, smooth[k])
	}
	band = make(plotter.XYs, 2*n)
	for i := range n {
		var values []float64
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, s := range smooth {
			values = append(values, s[i])
			lo, hi = min(lo, s[i]), max(hi, s[i])
		}
		x := curves[0].Episodes[i]
		mean = append(mean, plotter.XY{X: x, Y: stat.Mean(values, nil)})
		band[i], band[2*n-1-i] = plotter.XY{X: x, Y: lo}, plotter.XY{X: x, Y: hi}
	}
	return mean, band, nil
}

// movingMean averages each value with those around it, over values in all, or fewer
// at the ends.
func movingMean(x []float64, over int) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		from, to := max(0, i-over/2), min(len(x), i+over/2+1)
		out[i] = stat.Mean(x[from:to], nil)
	}
	return out
}
