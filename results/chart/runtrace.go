package chart

import (
	"fmt"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"fairlb/results/runtrace"
)

const (
	mostLBs   = 8    // whose weights have a panel
	perWindow = 1.0  // s, over which completion times are taken together
	perShare  = 2.0  // s, over which requests are counted
	shortest  = 1e-4 // s, where an axis of times begins at the latest
)

// DrawRunTrace draws an episode: a map of the servers' queues over time; the completion
// times of the requests that ended in each second; the part of the requests that went to each
// server; and the weights of each load balancer, where it has some, relative to their mean.
// format is png, svg or pdf.
func DrawRunTrace(w io.Writer, run *runtrace.Run, format string) error {
	steps := run.Steps
	if steps[len(steps)-1].End {
		steps = steps[:len(steps)-1]
	}
	if len(steps) < 3 {
		return fmt.Errorf("%w: a trace of %d steps", ErrFigure, len(steps))
	}
	t := &runTrace{header: &run.Header, steps: steps, end: steps[len(steps)-1].Time}
	where := "simulated"
	if run.Header.Live {
		where = "live"
	}
	t.picture.title = fmt.Sprintf("%s, %s, seed %d, %s", run.Header.Scenario, run.Header.Target, run.Header.Seed, where)
	var panels []*plot.Plot
	for _, draw := range []func() (*plot.Plot, error){t.queues, t.completions, t.shares} {
		p, err := draw()
		if err != nil {
			return err
		}
		if p != nil {
			panels = append(panels, p)
		}
	}
	weights, err := t.weights()
	if err != nil {
		return err
	}
	panels = append(panels, weights...)
	const columns = 2
	for k, p := range panels {
		p.X.Min, p.X.Max = 0, t.end
		if k >= len(panels)-columns {
			p.X.Label.Text = "time (s)"
		}
		t.picture.place(k, columns, p)
	}
	t.picture.width, t.picture.height = 12*vg.Inch, vg.Length(len(t.picture.plots))*3*vg.Inch+0.6*vg.Inch
	return t.picture.write(w, format)
}

// runTrace is the picture of an episode in the making.
type runTrace struct {
	picture panelGrid
	header  *runtrace.Header
	steps   []runtrace.Step // without the end
	end     float64         // s
	changes bool            // the legend has what marks them
}

// servers is how many there are.
func (t *runTrace) servers() int { return len(t.header.Servers) }

// queues draws the servers' queues; nil: they are not known.
func (t *runTrace) queues() (*plot.Plot, error) {
	h := heat{stops: risingStops(), high: 1}
	for _, s := range t.steps[1:] { // the first is the beginning of the second
		if s.Queue == nil {
			return nil, nil
		}
		row := make([]float64, t.servers())
		for j, q := range s.Queue {
			row[j] = float64(q)
			h.high = max(h.high, row[j])
		}
		h.times, h.values = append(h.times, s.Time), append(h.values, row)
	}
	p := newPanel("requests with each server", "", "server")
	if err := h.add(p); err != nil {
		return nil, err
	}
	for _, part := range []float64{0, 0.25, 0.5, 1} {
		x := math.Round(part * h.high)
		name := fmt.Sprint(x)
		if part == 1 {
			name += " requests with a server"
		}
		t.picture.legend = append(t.picture.legend, h.entry(x, name))
	}
	return p, t.markChanges(p, -0.5, float64(t.servers())-0.5)
}

// markChanges draws a vertical line at the end of each step in which a server's capacity, or
// whether it gets requests, has changed.
func (t *runTrace) markChanges(p *plot.Plot, low, high float64) error {
	for k := 2; k < len(t.steps); k++ {
		a, b := &t.steps[k-1], &t.steps[k]
		if slices.Equal(a.Capacity, b.Capacity) && slices.Equal(a.Out, b.Out) {
			continue
		}
		mark, err := line(plotter.XYs{{X: b.Time, Y: low}, {X: b.Time, Y: high}}, colours(6), 1, vg.Points(2), vg.Points(2))
		if err != nil {
			return err
		}
		p.Add(mark)
		if !t.changes {
			t.changes = true
			t.picture.legend = append(t.picture.legend, legendEntry{"servers change", thumbs(mark)})
		}
	}
	return nil
}

// completions draws quantiles and the mean of the requests that ended in each window.
func (t *runTrace) completions() (*plot.Plot, error) {
	p := newPanel("completion times of the requests that ended in each second", "", "s")
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, oneTwoFiveTicks{}
	var ended []runtrace.Ended
	curves := make([]plotter.XYs, 3)
	begun, low, high := 0.0, math.Inf(1), 0.0
	for k, s := range t.steps {
		ended = append(ended, s.Ended)
		if s.Time-begun < perWindow-1e-9 && k < len(t.steps)-1 {
			continue
		}
		e := runtrace.Together(ended)
		if e.Count > 0 {
			for c, y := range []float64{e.P50, e.Mean, e.P99} {
				y = max(y, shortest)
				curves[c] = append(curves[c], plotter.XY{X: (begun + s.Time) / 2, Y: y})
				low, high = min(low, y), max(high, y)
			}
		}
		ended, begun = nil, s.Time
	}
	if high == 0 {
		return nil, nil // no requests have ended
	}
	for c, name := range []string{"median", "mean", "p99"} {
		l, err := line(curves[c], colours([]int{5, 6, 3}[c]), 1.6)
		if err != nil {
			return nil, err
		}
		p.Add(l)
		t.picture.legend = append(t.picture.legend, legendEntry{name, thumbs(l)})
	}
	p.Y.Min, p.Y.Max = low/1.2, high*1.2
	return p, nil
}

// shares draws which part of the requests went to each server or, where that is not known,
// ended there, over some seconds each, as a part of what its CPUs would have.
func (t *runTrace) shares() (*plot.Plot, error) {
	cpus := 0
	for _, s := range t.header.Servers {
		cpus += s.CPUs
	}
	sent := t.steps[len(t.steps)-1].Sent != nil
	h := heat{stops: divergingStops(), low: -1, high: 1}
	counts, total, begun := make([]float64, t.servers()), 0.0, 0.0
	add := func(m [][]int) {
		for _, row := range m {
			for j, n := range row {
				counts[j] += float64(n)
				total += float64(n)
			}
		}
	}
	for k, s := range t.steps {
		if sent {
			add(s.Sent)
		} else {
			add(s.Completed)
			add(s.Failed)
		}
		if s.Time-begun < perShare-1e-9 && k < len(t.steps)-1 {
			continue
		}
		row := make([]float64, len(counts))
		for j, n := range counts {
			even := 1 / float64(len(counts))
			if cpus > 0 {
				even = float64(t.header.Servers[j].CPUs) / float64(cpus)
			}
			row[j] = math.Log2(max(n, 1e-3) / max(total, 1e-3) / max(even, 1e-9))
		}
		h.times, h.values = append(h.times, s.Time), append(h.values, row)
		clear(counts)
		total, begun = 0, s.Time
	}
	if len(h.times) < 2 {
		return nil, nil
	}
	title := "requests sent to each server in 2 s, relative to its CPUs"
	if !sent {
		title = "requests ended at each server in 2 s, relative to its CPUs"
	}
	p := newPanel(title, "", "server")
	if err := h.add(p); err != nil {
		return nil, err
	}
	t.picture.legend = append(t.picture.legend, h.entry(-1, "half its share of the requests or less"), h.entry(0, "its share"), h.entry(1, "twice that or more"))
	return p, t.markChanges(p, -0.5, float64(t.servers())-0.5)
}
