package chart

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/figure"
)

// The labels of the axes of distributions.
const (
	completionLabel = "completion time (s)"
	partLabel       = "part of the requests (%)"
)

// endName is what the legend says of the dots of distributions.draw.
const endName = "up to here: done; the rest failed"

// distributions is a panel of completion times: a line for each of names, over
// an axis of decimal logarithms of time from low to high (s). A line ends with
// the requests that did not fail, at a dot if there are others, so that no
// failed one seems to be done at its timeout.
type distributions struct {
	title     string
	names     []string
	list      []figure.Distribution // by names
	low, high float64               // 0: as far as the lines
	// top, such as 0.9999, is the part of the requests up to which each nine more
	// of them, 90, 99 and 99.9 %, is as far as the one before, so that tails are
	// told apart. 0: all of the requests, evenly.
	top float64
}

// draw draws the panel. What has no requests is left out, of the legend as
// well; ends says whether there is a dot.
func (d *distributions) draw() (p *plot.Plot, legend []legendEntry, ends bool, err error) {
	p = newPanel(d.title, "", "")
	p.X.Tick.Marker = decadeTicks{}
	height := func(part float64) float64 { return 100 * part }
	p.Y.Min, p.Y.Max = 0, 100
	if d.top > 0 {
		height = nines
		p.Y.Tick.Marker, p.Y.Max = ninesTicks(), nines(d.top)
	}
	var dots []plot.Plotter // over all lines
	for k := range d.list {
		c := &d.list[k]
		if c.N == 0 {
			continue
		}
		xys := curve(c, height)
		if len(xys) == 0 { // all failed: a dot in the corner
			xys = plotter.XYs{{X: math.Log10(max(d.low, soonest))}}
		}
		l, err := line(xys, colours(k), 1.3, dashes(k)...)
		if err != nil {
			return nil, nil, false, fmt.Errorf("%s: %w", d.names[k], err)
		}
		p.Add(l)
		legend = append(legend, legendEntry{d.names[k], thumbs(l)})
		if c.Failed > 0 {
			end, err := dot(xys[len(xys)-1], colours(k))
			if err != nil {
				return nil, nil, false, fmt.Errorf("%s: %w", d.names[k], err)
			}
			dots = append(dots, end)
		}
	}
	p.Add(dots...)
	if d.high > 0 {
		p.X.Min, p.X.Max = math.Log10(d.low), math.Log10(d.high)
	}
	return p, legend, len(dots) > 0, nil
}

// endEntry is the legend's for the dots.
func endEntry() (legendEntry, error) {
	d, err := dot(plotter.XY{}, color.Gray{60})
	return legendEntry{endName, thumbs(d)}, err
}

// soonest is the least time (s) on an axis of logarithms.
const soonest = 1e-6

// curve returns the points of a distribution, up to where the requests that
// did not fail end; none without any.
func curve(c *figure.Distribution, height func(part float64) float64) plotter.XYs {
	var xys plotter.XYs
	done := float64(c.N-c.Failed) / float64(c.N)
	add := func(time, part float64) {
		xys = append(xys, plotter.XY{X: math.Log10(max(time, soonest)), Y: height(part)})
	}
	for i, time := range c.Done {
		add(time, figure.Quantiles()[i]*done)
	}
	if c.Failed > 0 && len(c.Done) > 0 {
		add(c.Longest, done)
	}
	return xys
}

// dot returns a dot at a point.
func dot(at plotter.XY, c color.Color) (*plotter.Scatter, error) {
	s, err := plotter.NewScatter(plotter.XYs{at})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFigure, err)
	}
	s.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(2.2), Shape: draw.CircleGlyph{}}
	return s, nil
}

// dashes are the k-th line's: the first are whole, the others let those below
// be seen. Where colours come again the dashes are others.
func dashes(k int) []vg.Length {
	list := [][]vg.Length{{7, 3}, {3, 3}, {9, 3, 2, 3}, {2, 4}}
	if k < 3 {
		return nil
	}
	const colours = 7
	return list[(k%colours+1+k/colours)%len(list)]
}

// ninesTicks label an axis of nines.
func ninesTicks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, part := range []float64{0, 0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999} {
		ticks = append(ticks, plot.Tick{Value: nines(part), Label: strconv.FormatFloat(100*part, 'g', 4, 64)})
	}
	return ticks
}

// nines is the number of nines with which a part of 1 begins, and what is
// between.
func nines(part float64) float64 { return -math.Log10(1 - part) }

// limits returns what an axis must hold that all the lines up to a part of the
// requests are on: the least and the greatest time, and the greatest part. They
// are 0 without any line.
func limits(list []figure.Distribution, top float64) (low, high, part float64) {
	for k := range list {
		for _, xy := range curve(&list[k], func(part float64) float64 { return part }) {
			if time := math.Pow(10, xy.X); xy.Y <= top {
				if low == 0 || time < low {
					low = time
				}
				high, part = max(high, time), max(part, xy.Y)
			}
		}
	}
	return low, high, part
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
