package results

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"fairlb/eval/figure"
)

// The labels of the axes of drawDistributions.
const (
	completionLabel = "completion time (s)"
	partLabel       = "part of the requests (%)"
)

// drawDistributions draws how completion times are distributed, a line for
// each of names. With an end of 0 times are on an axis of decimal logarithms.
// Else they are on one from 0 to end (s), where lines are cut off, and each nine
// more of the requests, 90, 99 and 99.9 %, is as far as the one before, so that
// tails are told apart. What has no requests is left out, of the legend as well.
func drawDistributions(title string, names []string, list []figure.Completions, end float64) (*plot.Plot, []legendEntry, error) {
	p := newPanel(title, "", "")
	height := nines
	if end == 0 {
		p.X.Tick.Marker = decadeTicks{}
		height = func(part float64) float64 { return 100 * part }
	}
	var legend []legendEntry
	for k, c := range list {
		var xys plotter.XYs
		for i, part := range figure.Quantiles()[:len(c.Values)] {
			next := plotter.XY{X: c.Values[i], Y: height(part)}
			if end == 0 {
				next.X = math.Log10(max(next.X, 1e-6))
			} else if next.X > end {
				if i > 0 { // where the line leaves
					last := xys[i-1]
					xys = append(xys, plotter.XY{X: end, Y: last.Y + (next.Y-last.Y)*(end-last.X)/(next.X-last.X)})
				}
				break
			}
			xys = append(xys, next)
		}
		if len(xys) == 0 {
			continue
		}
		l, err := line(xys, colours(k), 1.6)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", names[k], err)
		}
		p.Add(l)
		legend = append(legend, legendEntry{names[k], thumbs(l)})
	}
	p.Y.Min, p.Y.Max = 0, 100
	if end > 0 {
		var ticks plot.ConstantTicks
		for _, part := range []float64{0, 0.5, 0.9, 0.95, 0.99, 0.999} {
			ticks = append(ticks, plot.Tick{Value: nines(part), Label: strconv.FormatFloat(100*part, 'g', 3, 64)})
		}
		p.Y.Tick.Marker, p.Y.Max = ticks, nines(0.999)
		p.X.Min, p.X.Max = 0, end
	}
	return p, legend, nil
}

// nines is the number of nines with which a part of 1 begins, and what is
// between.
func nines(part float64) float64 { return -math.Log10(1 - part) }

// far is how many times as long as the least a time must be to be left out of
// commonEnd.
const far = 3

// commonEnd returns where an axis may end on which distributions are compared:
// at the greatest time within which 99.9 % of the requests are done, but for
// those far beyond the least. It is 0 without requests.
func commonEnd(list []figure.Completions) float64 {
	least := math.Inf(1)
	for _, c := range list {
		if c.N > 0 {
			least = min(least, c.At(0.999))
		}
	}
	end := 0.0
	for _, c := range list {
		if c.N > 0 && c.At(0.999) <= far*least {
			end = max(end, c.At(0.999))
		}
	}
	return end
}

// decadeTicks labels the powers of ten on an axis of decimal logarithms, and
// marks their multiples between.
type decadeTicks struct{}

// Ticks implements plot.Ticker.
func (decadeTicks) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for decade := math.Floor(lo); decade <= hi; decade++ {
		for k := range 9 {
			tick := plot.Tick{Value: decade + math.Log10(float64(k+1))}
			if k == 0 {
				tick.Label = strconv.FormatFloat(math.Pow(10, decade), 'g', 3, 64)
			}
			if tick.Value >= lo && tick.Value <= hi {
				ticks = append(ticks, tick)
			}
		}
	}
	return ticks
}
