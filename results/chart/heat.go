package chart

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// heat is a map of numbers over time: a row of cells a server.
type heat struct {
	times  []float64   // s, at the end of each cell, rising; the first cell begins at 0
	values [][]float64 // by time and server
	low    float64     // the number of the first colour
	high   float64     // and of the last
	stops  []color.RGBA
}

var _ plot.Plotter = (*heat)(nil)

// risingStops are colours for numbers from 0 on.
func risingStops() []color.RGBA {
	return []color.RGBA{{250, 250, 245, 255}, {254, 217, 118, 255}, {253, 141, 60, 255}, {189, 0, 38, 255}, {60, 0, 20, 255}}
}

// divergingStops are colours for numbers on either side of a middle.
func divergingStops() []color.RGBA {
	return []color.RGBA{{0, 70, 120, 255}, {86, 180, 233, 255}, {250, 250, 245, 255}, {230, 159, 0, 255}, {160, 60, 0, 255}}
}

// shade returns the colour of a part, 0 to 1, of the way through stops.
func shade(stops []color.RGBA, part float64) color.RGBA {
	at := min(max(part, 0), 1) * float64(len(stops)-1)
	k := min(int(at), len(stops)-2)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (at-float64(k))*(float64(b)-float64(a)))) }
	a, b := stops[k], stops[k+1]
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// colourOf returns the colour of a number, one of so few that neighbours often share it.
func (h *heat) colourOf(x float64) color.RGBA {
	const colours = 64
	return shade(h.stops, math.Round(colours*(x-h.low)/(h.high-h.low))/colours)
}

// Plot implements plot.Plotter. Neighbours of one colour are one rectangle, and rectangles
// overlap a little, so that no seams are seen between them.
func (h *heat) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	const overlap = vg.Length(0.4)
	for j := range h.values[0] {
		begun := 0.0
		for k := range h.times {
			colour := h.colourOf(h.values[k][j])
			if k+1 < len(h.times) && h.colourOf(h.values[k+1][j]) == colour {
				continue
			}
			left, right := x(begun), min(x(h.times[k])+overlap, c.Max.X)
			low, high := y(float64(j)-0.5), min(y(float64(j)+0.5)+overlap, c.Max.Y)
			c.FillPolygon(colour, []vg.Point{{X: left, Y: low}, {X: right, Y: low}, {X: right, Y: high}, {X: left, Y: high}})
			begun = h.times[k]
		}
	}
}

// add adds the map to a panel, whose vertical axis names the servers by number.
func (h *heat) add(p *plot.Plot) error {
	if len(h.times) < 2 {
		return fmt.Errorf("%w: a map of one moment", ErrFigure)
	}
	p.Add(h)
	p.Y.Min, p.Y.Max = -0.5, float64(len(h.values[0]))-0.5
	p.Y.Tick.Marker = wholeTicks{}
	return nil
}

// swatch is the small picture of a colour in a legend.
type swatch struct{ color.Color }

var _ plot.Thumbnailer = swatch{}

// Thumbnail implements plot.Thumbnailer.
func (s swatch) Thumbnail(c *draw.Canvas) {
	middle := (c.Min.Y + c.Max.Y) / 2
	left, low, high := c.Min.X+vg.Points(8), middle-vg.Points(5), middle+vg.Points(5)
	outline := []vg.Point{{X: left, Y: low}, {X: c.Max.X, Y: low}, {X: c.Max.X, Y: high}, {X: left, Y: high}, {X: left, Y: low}}
	c.FillPolygon(s.Color, outline)
	c.StrokeLines(draw.LineStyle{Color: color.Gray{160}, Width: vg.Points(0.4)}, outline)
}

// entry is the legend's entry of the colour of a number.
func (h *heat) entry(x float64, name string) legendEntry {
	return legendEntry{name, thumbs(swatch{h.colourOf(x)})}
}

// wholeTicks labels an axis of indices from 0 on at no more than about ten of them.
type wholeTicks struct{}

// Ticks implements plot.Ticker.
func (wholeTicks) Ticks(_, hi float64) []plot.Tick {
	step := 1
	for _, next := range []int{2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000} {
		if hi/float64(step) > 10 {
			step = next
		}
	}
	var ticks []plot.Tick
	for k := 0; float64(k) <= hi; k += step {
		ticks = append(ticks, plot.Tick{Value: float64(k), Label: fmt.Sprint(k)})
	}
	return ticks
}
