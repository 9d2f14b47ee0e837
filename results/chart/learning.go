package chart

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// LearningCurve is how completion times change over the episodes of one training
// run.
type LearningCurve struct {
	Episodes   []float64 // episodes so far, rising
	Completion []float64 // s, mean completion time of each round's requests
	Greedy     bool      // of validation, without exploring; else of training
}

// ReferenceLevel is a horizontal line to compare curves to.
type ReferenceLevel struct {
	Name  string
	Value float64 // s
}

// ErrCurve reports curves that cannot be drawn together.
var ErrCurve = errors.New("chart: curves cannot be drawn")

// smoothing is over how many rounds, or samples, a curve is averaged.
const smoothing = 5

// DrawLearningCurves draws the mean of the curves of several training runs of one
// recipe over their episodes, smoothed over five rounds, with a band from the
// least to the greatest run, beside levels such as a heuristic's completion
// time. format is png, svg or pdf.
func DrawLearningCurves(w io.Writer, title string, curves []LearningCurve, compare []ReferenceLevel, format string) error {
	mean, band, err := summarise(curves, smoothing)
	if err != nil {
		return err
	}
	p := newPanel("", "training episodes", "mean completion time (s)")
	spread, err := area(band, color.NRGBA{0, 114, 178, 50})
	if err != nil {
		return err
	}
	middle, err := line(mean, colours(0), 2)
	if err != nil {
		return err
	}
	p.Add(spread, middle)
	who := "agents while they explore"
	if curves[0].Greedy {
		who = "agents without exploring, in validation"
	}
	picture := panelGrid{
		title:  title,
		legend: []legendEntry{{fmt.Sprintf("%s: mean and range of %d runs", who, len(curves)), thumbs(spread, middle)}},
		width:  8 * vg.Inch, height: 4.8 * vg.Inch,
	}
	last := mean[len(mean)-1].X
	for k, level := range compare {
		flat, err := line(plotter.XYs{{X: mean[0].X, Y: level.Value}, {X: last, Y: level.Value}}, colours(1+k%4),
			1.5, vg.Points(6), vg.Points(float64(3+2*k)))
		if err != nil {
			return fmt.Errorf("%s: %w", level.Name, err)
		}
		p.Add(flat)
		picture.legend = append(picture.legend, legendEntry{level.Name, thumbs(flat)})
	}
	margin := 0.03 * (p.Y.Max - p.Y.Min) // for a level at the edge
	p.Y.Min, p.Y.Max = p.Y.Min-margin, p.Y.Max+margin
	picture.add(p)
	return picture.write(w, format)
}

// summarise returns the mean of several curves, and the outline of the area from
// the least to the greatest of them, each smoothed over so many rounds.
func summarise(curves []LearningCurve, over int) (mean, band plotter.XYs, err error) {
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
