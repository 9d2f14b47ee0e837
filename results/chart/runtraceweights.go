package chart

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// weights draws the weights of the first load balancers, a panel each: a line a server or, of
// many, a map. There are no panels where nobody sets weights.
func (t *runTrace) weights() (panels []*plot.Plot, err error) {
	lbs := min(t.header.LBs, mostLBs)
	if t.steps[len(t.steps)-1].Weights == nil {
		return nil, nil
	}
	for i := range lbs {
		title := fmt.Sprintf("weights of load balancer %d, relative to their mean", i)
		if i == mostLBs-1 && t.header.LBs > mostLBs {
			title += fmt.Sprintf(" (there are %d)", t.header.LBs)
		}
		p := newPanel(title, "", "")
		if t.servers() > colourCount {
			err = t.weightMap(p, i)
		} else {
			err = t.weightLines(p, i)
		}
		if err != nil {
			return nil, err
		}
		panels = append(panels, p)
	}
	return panels, nil
}

// relative returns the weights of a load balancer in a step, relative to their mean.
func relative(row []float64) []float64 {
	mean := 0.0
	for _, w := range row {
		mean += w / float64(len(row))
	}
	out := make([]float64, len(row))
	for j, w := range row {
		out[j] = w / mean
	}
	return out
}

// weightScale is how far, as a logarithm to the base of 2, weights go from their mean; it is the
// same for all load balancers.
func (t *runTrace) weightScale() float64 {
	scale := 0.05
	for _, s := range t.steps {
		for _, row := range s.Weights {
			for _, w := range relative(row) {
				scale = max(scale, math.Abs(math.Log2(w)))
			}
		}
	}
	return scale
}

// weightMap draws the weights of a load balancer as a map.
func (t *runTrace) weightMap(p *plot.Plot, lb int) error {
	scale := t.weightScale()
	h := heat{stops: divergingStops(), low: -scale, high: scale}
	if lb == 0 {
		for _, x := range []float64{-scale, 0, scale} {
			t.picture.legend = append(t.picture.legend, h.entry(x, fmt.Sprintf("weight %.3g", math.Exp2(x))))
		}
	}
	for _, s := range t.steps {
		if s.Weights == nil {
			continue // of the beginning
		}
		row := relative(s.Weights[lb])
		for j, w := range row {
			row[j] = math.Log2(w)
		}
		h.times, h.values = append(h.times, s.Time), append(h.values, row)
	}
	p.Y.Label.Text = "server"
	return h.add(p)
}

// weightLines draws the weights of a load balancer as lines.
func (t *runTrace) weightLines(p *plot.Plot, lb int) error {
	curves := make([]plotter.XYs, t.servers())
	low, high := 1.0, 1.0
	for _, s := range t.steps {
		if s.Weights == nil {
			continue
		}
		for j, w := range relative(s.Weights[lb]) {
			curves[j] = append(curves[j], plotter.XY{X: s.Time, Y: w})
			low, high = min(low, w), max(high, w)
		}
	}
	for j, curve := range curves {
		l, err := line(curve, colours(j), 1.4)
		if err != nil {
			return err
		}
		p.Add(l)
		if lb == 0 {
			s := t.header.Servers[j]
			name := s.Name
			if s.CPUs > 0 {
				name = fmt.Sprintf("%s (%d CPUs)", s.Name, s.CPUs)
			}
			t.picture.legend = append(t.picture.legend, legendEntry{name, thumbs(l)})
		}
	}
	p.Y.Min, p.Y.Max = low/1.05, high*1.05
	if high > 5*low {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, oneTwoFiveTicks{}
	}
	return nil
}
