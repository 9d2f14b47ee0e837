package chart

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"fairlb/eval/figure"
)

// The labels of the axes of distributions.
const (
	completionLabel = "completion time (s)"
	partLabel       = "part of the requests (%)"
)

// endName is the legend's name of the dot at which a line of distributions ends.
const endName = "up to here: done; the rest failed"

// distributions is a panel of several distributions of completion times: for each a
// line that says which part of the requests took at most so long, over an axis of
// decimal logarithms of time. A line ends with the requests that did not fail; if
// others failed it ends at a dot, so that no failed request seems to be done at its
// timeout.
type distributions struct {
	title     string
	names     []string
	list      []figure.Distribution // by names
	low, high float64               // ends of the axis of time, s; 0: as far as the lines go

	// top is the part of the requests at which the other axis ends, such as 0.9999.
	// On that axis 90, 99 and 99.9 % are equally far apart, so that tails are told
	// apart. 0: the axis is even and goes to all of the requests.
	top float64
}

// draw draws the panel. A distribution without requests is left out, of the legend as
// well; dotted says whether a line ends at a dot.
func (d *distributions) draw() (p *plot.Plot, legend []legendEntry, dotted bool, err error) {
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
		xys := points(c, height)
		if len(xys) == 0 { // all failed: a dot in the corner
			xys = plotter.XYs{{X: math.Log10(max(d.low, leastTime))}}
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

// endEntry is the legend's entry of the dots at the ends of lines.
func endEntry() (legendEntry, error) {
	d, err := dot(plotter.XY{}, color.Gray{60})
	return legendEntry{endName, thumbs(d)}, err
}

// leastTime is the least time (s) on an axis of logarithms; shorter ones are drawn
// there.
const leastTime = 1e-6

// points returns the points of the line of a distribution, up to the longest time of
// a request that did not fail; none if all failed. height maps a part of the
// requests to the axis.
func points(c *figure.Distribution, height func(part float64) float64) plotter.XYs {
	var xys plotter.XYs
	done := float64(c.N-c.Failed) / float64(c.N)
	add := func(time, part float64) {
		xys = append(xys, plotter.XY{X: math.Log10(max(time, leastTime)), Y: height(part)})
	}
	for i, time := range c.Done {
		add(time, figure.Quantiles()[i]*done)
	}
	if c.Failed > 0 && len(c.Done) > 0 {
		add(c.Longest, done)
	}
	return xys
}

// limits returns the least and the greatest time, and the greatest part of the
// requests, of the lines of several distributions up to the part top; zeros without
// any line. Panels that are to be compared have their axes by it.
func limits(list []figure.Distribution, top float64) (low, high, part float64) {
	for k := range list {
		for _, xy := range points(&list[k], func(part float64) float64 { return part }) {
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
