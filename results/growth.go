package results

import (
	"bufio"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ErrBench reports the output of a benchmark that cannot be read.
var ErrBench = errors.New("results: not the output of go test -bench Growth ./env/sim")

// Growth is what an event costs in systems of one size.
type Growth struct {
	Servers, LBs int
	Nanoseconds  []float64 // of an event, a value a run, rising
}

// Median returns the median cost (ns).
func (g *Growth) Median() float64 { return stat.Quantile(0.5, stat.LinInterp, g.Nanoseconds, nil) }

// ReadGrowth reads the lines of BenchmarkGrowth from the output of go test,
// which may hold several runs (-count) and other lines. Sizes come in the
// order in which they were first met.
func ReadGrowth(r io.Reader) ([]Growth, error) {
	var list []Growth
	for in := bufio.NewScanner(r); ; {
		if !in.Scan() {
			if err := in.Err(); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrBench, err)
			}
			break
		}
		line := in.Text()
		rest, ok := strings.CutPrefix(line, "BenchmarkGrowth/")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		var g Growth
		if len(fields) == 0 {
			return nil, fmt.Errorf("%w: %q: has no figures", ErrBench, line)
		}
		if _, err := fmt.Sscanf(fields[0], "servers=%d/lbs=%d", &g.Servers, &g.LBs); err != nil {
			return nil, fmt.Errorf("%w: %q: %w", ErrBench, line, err)
		}
		unit := slices.Index(fields, "events/s")
		if unit < 1 {
			return nil, fmt.Errorf("%w: %q: has no events/s", ErrBench, line)
		}
		rate, err := strconv.ParseFloat(fields[unit-1], 64)
		if err != nil || !(rate > 0) {
			return nil, fmt.Errorf("%w: %q: %q events/s", ErrBench, line, fields[unit-1])
		}
		at := slices.IndexFunc(list, func(x Growth) bool { return x.Servers == g.Servers && x.LBs == g.LBs })
		if at < 0 {
			at = len(list)
			list = append(list, g)
		}
		list[at].Nanoseconds = append(list[at].Nanoseconds, 1e9/rate)
		slices.Sort(list[at].Nanoseconds)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: there is no line of BenchmarkGrowth", ErrBench)
	}
	return list, nil
}

// PlotGrowth draws what an event costs over the number of servers, and over
// that of LBs, on a logarithmic axis, as median and range of the runs; and
// beside them what grows as the logarithm of the servers. The file's ending
// chooses the format.
func PlotGrowth(path string, list []Growth) error {
	p := plot.New()
	p.Title.Text = "What an event costs as the system grows"
	p.X.Label.Text = "servers, or load balancers (logarithmic)"
	p.Y.Label.Text = "ns an event"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, sizes{}
	p.Y.Tick.Marker = roundTicks{}
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(2)
	p.Title.TextStyle.Font.Size, p.Legend.TextStyle.Font.Size = vg.Points(13), vg.Points(11)
	p.Title.Padding, p.Legend.YOffs = vg.Points(6), -vg.Points(6)
	p.Add(plotter.NewGrid())
	p.Y.Min = 0

	byServers := func(g Growth) (float64, bool) { return float64(g.Servers), g.LBs == list[0].LBs }
	if err := addGrowth(p, list, byServers, fmt.Sprintf("SED, servers of %d load balancers", list[0].LBs), curveColour, draw.CircleGlyph{}); err != nil {
		return err
	}
	most := 0
	for _, g := range list {
		if g.LBs > list[0].LBs {
			most = g.Servers
		}
	}
	if most > 0 {
		byLBs := func(g Growth) (float64, bool) { return float64(g.LBs), g.Servers == most }
		if err := addGrowth(p, list, byLBs, fmt.Sprintf("SED, load balancers of %d servers", most), levels[0], draw.SquareGlyph{}); err != nil {
			return err
		}
	}
	first := list[0]
	logarithm := plotter.NewFunction(func(x float64) float64 {
		return first.Median() * math.Log2(x) / math.Log2(float64(first.Servers))
	})
	logarithm.XMin, logarithm.XMax = float64(first.Servers), p.X.Max
	logarithm.Dashes, logarithm.Color, logarithm.Width = []vg.Length{vg.Points(5), vg.Points(4)}, color.Gray{110}, vg.Points(1.5)
	p.Add(logarithm)
	p.Legend.Add("in proportion to the logarithm of the servers", logarithm)
	p.Y.Max *= 1.25 // room for the legend
	if err := p.Save(8*vg.Inch, 4.5*vg.Inch, path); err != nil {
		return fmt.Errorf("results: %s: %w", filepath.Base(path), err)
	}
	return nil
}

// addGrowth draws those of the list that x takes, in order of it.
func addGrowth(p *plot.Plot, list []Growth, x func(Growth) (float64, bool), name string, c color.Color, shape draw.GlyphDrawer) error {
	var middle plotter.XYs
	var spread plotter.YErrors
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Growth) int { return a.Servers - b.Servers + a.LBs - b.LBs })
	for _, g := range list {
		if at, ok := x(g); ok {
			m := g.Median()
			middle = append(middle, plotter.XY{X: at, Y: m})
			spread = append(spread, struct{ Low, High float64 }{m - g.Nanoseconds[0], g.Nanoseconds[len(g.Nanoseconds)-1] - m})
		}
	}
	line, points, err := plotter.NewLinePoints(middle)
	if err != nil {
		return fmt.Errorf("results: growth: %w", err)
	}
	bars, err := plotter.NewYErrorBars(struct {
		plotter.XYs
		plotter.YErrors
	}{middle, spread})
	if err != nil {
		return fmt.Errorf("results: growth: %w", err)
	}
	line.Color, line.Width = c, vg.Points(2)
	points.Color, points.Shape, points.Radius = c, shape, vg.Points(4)
	bars.Color, bars.Width = c, vg.Points(1.2)
	p.Add(line, points, bars)
	p.Legend.Add(name, line, points)
	return nil
}

// sizes labels a logarithmic axis of counts at the powers of two.
type sizes struct{}

// Ticks implements plot.Ticker.
func (sizes) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for x := 1.0; x <= hi; x *= 2 {
		if x >= lo {
			ticks = append(ticks, plot.Tick{Value: x, Label: strconv.Itoa(int(x))})
		}
	}
	return ticks
}
