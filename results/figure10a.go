package results

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/figure"
)

// megabyte is a million bytes.
const megabyte = 1e6

// WriteSharingText writes the buffers of Figure 10 (a) after the last episode
// as a table.
func WriteSharingText(w io.Writer, f *figure.Sharing) error {
	t := plainTable{
		title:  fmt.Sprintf("Figure 10 (a). The replay buffer of agents trained together in %s, as it grows", f.Scenario),
		header: []string{"load balancers", "episodes", "transitions", "memory, MB", "saved, MB", "kB an episode", "sent, kbit/s"},
		notes: []string{
			fmt.Sprintf("Training episodes of %g s, played by %s, untrained. Transitions: of each load balancer. Memory: of all arrays that the buffer holds; saved: what Save writes of them. MB: a million bytes.", f.Duration, f.Method),
			"kB an episode: saved. Sent: what must reach one place, on average over the episodes, for agents that are trained together. One that learns by itself keeps the first row's, and sends nothing.",
		},
	}
	for k := range f.Teams {
		team := &f.Teams[k]
		if len(team.Points) == 0 {
			return fmt.Errorf("%w: %d load balancers have played no episode", ErrFigure, team.Agents)
		}
		last := team.Last()
		t.rows = append(t.rows, []string{strconv.Itoa(team.Agents), strconv.Itoa(last.Episodes), strconv.Itoa(last.Transitions),
			fixed(float64(last.Memory)/megabyte, 2), fixed(float64(last.Saved)/megabyte, 2),
			fixed(float64(last.Saved)/float64(last.Episodes)/1000, 1), fixed(last.Rate(f.Duration)/1000, 1)})
	}
	return t.write(w)
}

// WriteSharingCSV writes one row a number of agents and number of episodes.
func WriteSharingCSV(w io.Writer, f *figure.Sharing) error {
	rows := [][]string{{"scenario", "method", "lbs", "servers", "features", "episode_s", "episodes", "transitions", "memory_bytes", "saved_bytes"}}
	for _, team := range f.Teams {
		for _, p := range team.Points {
			rows = append(rows, []string{f.Scenario, f.Method, strconv.Itoa(team.Agents), strconv.Itoa(team.Servers), strconv.Itoa(team.Features), exact(f.Duration),
				strconv.Itoa(p.Episodes), strconv.Itoa(p.Transitions), strconv.Itoa(p.Memory), strconv.Itoa(p.Saved)})
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// DrawSharing draws Figure 10 (a) in two panels: the memory of the buffer over
// the number of episodes, a line a number of agents; and after the last episode
// over the number of agents. format is png, svg or pdf.
func DrawSharing(w io.Writer, f *figure.Sharing, format string) error {
	byEpisodes := newPanel("as training goes on", "episodes played", "replay buffer (MB)")
	byAgents := newPanel("at its end", "LBs, one agent each", "")
	picture := panels{
		title: fmt.Sprintf("The buffer of agents trained together grows with episodes and agents (%s)", f.Scenario),
		width: 8 * vg.Inch, height: 4.2 * vg.Inch,
	}
	var ends plotter.XYs
	x, top := 0.0, 0.0
	for k := range f.Teams {
		team := &f.Teams[k]
		if len(team.Points) == 0 {
			return fmt.Errorf("%w: %d load balancers have played no episode", ErrFigure, team.Agents)
		}
		curve := plotter.XYs{{}}
		for _, p := range team.Points {
			curve = append(curve, plotter.XY{X: float64(p.Episodes), Y: float64(p.Memory) / megabyte})
		}
		last := curve[len(curve)-1]
		ends = append(ends, plotter.XY{X: float64(team.Agents), Y: last.Y})
		x, top = max(x, last.X), max(top, last.Y)
		c := colours(k)
		l, err := line(curve, c, 1.8)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%d LBs", team.Agents)
		if team.Agents == 1 { // as it is for one that learns by itself
			l.Dashes = []vg.Length{vg.Points(6), vg.Points(3)}
			name = "1 LB, shared with nobody"
		}
		byEpisodes.Add(l)
		picture.legend = append(picture.legend, legendEntry{name, thumbs(l)})
	}
	if len(ends) == 0 {
		return fmt.Errorf("%w: no agents", ErrFigure)
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

// drawEnds draws the buffers at the end, each in its colour, and a line through
// them.
func drawEnds(p *plot.Plot, ends plotter.XYs) error {
	through, err := line(append(plotter.XYs{{}}, ends...), colours(6), 1, vg.Points(2), vg.Points(3))
	if err != nil {
		return err
	}
	p.Add(through)
	for k, at := range ends {
		dot, err := plotter.NewScatter(plotter.XYs{at})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFigure, err)
		}
		dot.GlyphStyle = draw.GlyphStyle{Color: colours(k), Radius: vg.Points(4.5), Shape: draw.CircleGlyph{}}
		p.Add(dot)
	}
	return nil
}
