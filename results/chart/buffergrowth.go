package chart

import (
	"fmt"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/figure"
)

// megabyte is a million bytes.
const megabyte = 1e6

// DrawBufferGrowth draws how a shared replay buffer grows, in two panels: the memory of the buffer over
// the number of episodes, a line a number of agents; and after the last episode
// over the number of agents. format is png, svg or pdf.
func DrawBufferGrowth(w io.Writer, f *figure.BufferGrowth, format string) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrFigure, err)
	}
	byEpisodes := newPanel("as training goes on", "episodes played", "replay buffer (MB)")
	byAgents := newPanel("at its end", "LBs, one agent each", "")
	picture := panelGrid{
		title: fmt.Sprintf("The buffer of agents trained together grows with episodes and agents (%s)", f.Scenario),
		width: 8 * vg.Inch, height: 4.2 * vg.Inch,
	}
	var ends plotter.XYs
	x, top := 0.0, 0.0
	for k := range f.Buffers {
		buffer := &f.Buffers[k]
		curve := plotter.XYs{{}}
		for _, p := range buffer.Points {
			curve = append(curve, plotter.XY{X: float64(p.Episodes), Y: float64(p.Memory) / megabyte})
		}
		last := curve[len(curve)-1]
		ends = append(ends, plotter.XY{X: float64(buffer.Agents), Y: last.Y})
		x, top = max(x, last.X), max(top, last.Y)
		c := colours(k)
		l, err := line(curve, c, 1.8)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%d LBs", buffer.Agents)
		if buffer.Agents == 1 { // as it is for one that learns by itself
			l.Dashes = []vg.Length{vg.Points(6), vg.Points(3)}
			name = "1 LB, shared with nobody"
		}
		byEpisodes.Add(l)
		picture.legend = append(picture.legend, legendEntry{name, thumbs(l)})
	}
	if err := drawEnds(byAgents, ends); err != nil {
		return err
	}
	for _, p := range []*plot.Plot{byEpisodes, byAgents} {
		p.X.Min, p.Y.Min, p.Y.Max = 0, 0, 1.08*top
	}
	byEpisodes.X.Max, byAgents.X.Max = x, ends[len(ends)-1].X+0.5
	picture.add(byEpisodes, byAgents)
	return picture.write(w, format)
}

// drawEnds draws the sizes after the last episode, each in the colour of its number of
// agents, and a line through them.
func drawEnds(p *plot.Plot, ends plotter.XYs) error {
	through, err := line(append(plotter.XYs{{}}, ends...), colours(6), 1, vg.Points(2), vg.Points(3))
	if err != nil {
		return err
	}
	p.Add(through)
	for k, end := range ends {
		dot, err := plotter.NewScatter(plotter.XYs{end})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFigure, err)
		}
		dot.GlyphStyle = draw.GlyphStyle{Color: colours(k), Radius: vg.Points(4.5), Shape: draw.CircleGlyph{}}
		p.Add(dot)
	}
	return nil
}
