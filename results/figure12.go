package results

import (
	"encoding/csv"
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/figure"
)

// WriteDynamicText writes two tables of the data of Figure 12: the groups of
// servers, and the completion times.
func WriteDynamicText(w io.Writer, d *figure.Dynamic) error {
	from, span := 0.0, "over the whole episode"
	if len(d.Changes) > 0 {
		from = d.Changes[0]
		span = fmt.Sprintf("from the first change, at %g s, to the end", from)
	}
	first := int(math.Floor(from/d.Interval + 1e-9)) // its interval begins there
	mean := func(b figure.Band) float64 {
		if first >= len(b.Mean) {
			return math.NaN()
		}
		return stat.Mean(b.Mean[first:], nil)
	}
	servers := plainTable{
		title:  fmt.Sprintf("Figure 12 (a). Servers in %s, %s", d.Scenario, span),
		header: []string{"target", "servers", "busy workers", "CPU use %", "CPU work left, s"},
		labels: 2,
		notes: []string{fmt.Sprintf("Means over %d seeds of %g s, sampled every %g s. Busy workers: a server. CPU use: of the processors' time, background jobs included. CPU work left: s of demand a processor.",
			len(d.Seeds), d.Duration, d.Interval)},
	}
	times := plainTable{
		title:  fmt.Sprintf("Figure 12 (b). Completion times in %s, s", d.Scenario),
		header: []string{"class", "target", "requests", "failed", "mean", "p50", "p90", "p95", "p99"},
		labels: 2,
		notes:  []string{"Of the requests of all seeds together; a failed one counts at its timeout."},
	}
	names := dynamicNames(d)
	for k, t := range d.Targets {
		for g, name := range d.Groups {
			servers.rows = append(servers.rows, []string{names[k], name, fixed(mean(t.Bands[figure.Busy][g]), 2), fixed(100*mean(t.Bands[figure.Use][g]), 1), fixed(mean(t.Bands[figure.Work][g]), 3)})
		}
	}
	for class, name := range d.Classes {
		for k, t := range d.Targets {
			c := t.Completions[class]
			if c.N == 0 {
				continue
			}
			row := []string{name, names[k], strconv.Itoa(c.N), failedText(&c), seconds(c.Mean)}
			for _, p := range []float64{0.5, 0.9, 0.95, 0.99} {
				row = append(row, seconds(c.At(p)))
			}
			times.rows = append(times.rows, row)
		}
	}
	if err := servers.write(w); err != nil {
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return times.write(w)
}

// dynamicNames returns what the targets are called.
func dynamicNames(d *figure.Dynamic) []string {
	var names []string
	for _, t := range d.Targets {
		names = append(names, t.Name)
	}
	return shortNames(names)
}

// WriteTimelineCSV writes Figure 12 (a): one row a target, group, measure and
// sample.
func WriteTimelineCSV(w io.Writer, d *figure.Dynamic) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"scenario", "target", "servers", "measure", "time_s", "seeds", "mean", "sd"}}
	for _, t := range d.Targets {
		for g, group := range d.Groups {
			for m := range figure.Measures {
				band := t.Bands[m][g]
				for k := range band.Mean {
					rows = append(rows, []string{d.Scenario, t.Name, group, m.Name(), exact(d.Interval * float64(k+1)), strconv.Itoa(len(d.Seeds)), exact(band.Mean[k]), exact(band.SD[k])})
				}
			}
		}
	}
	return out.WriteAll(rows)
}

// WriteCompletionCSV writes Figure 12 (b): one row a target, class and
// quantile, as WriteCasesCSV.
func WriteCompletionCSV(w io.Writer, d *figure.Dynamic) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"scenario", "target", "class", "requests", "failed", "longest_done_s", "quantile", "completion_s", "done_s"}}
	for _, t := range d.Targets {
		for class, name := range d.Classes {
			c := t.Completions[class]
			for k := range c.Values {
				rows = append(rows, []string{d.Scenario, t.Name, name, strconv.Itoa(c.N), strconv.Itoa(c.Failed), longestText(&c),
					exact(figure.Quantiles()[k]), exact(c.Values[k]), doneText(&c, k)})
			}
		}
	}
	return out.WriteAll(rows)
}

// DrawTimeline draws Figure 12 (a): a column a group of servers, a row a
// measure, in each a line a target, the mean over seeds smoothed over five
// samples, with a band of one standard error of it on either side. format is
// png, svg or pdf.
func DrawTimeline(w io.Writer, d *figure.Dynamic, format string) error {
	picture := panels{
		title: fmt.Sprintf("%s: mean over %d seeds and its standard error", d.Scenario, len(d.Seeds)),
		width: vg.Length(max(1, len(d.Groups)))*3.6*vg.Inch + vg.Inch, height: 7.6 * vg.Inch,
	}
	labels := [...]string{"busy workers a server", "CPU use (%)", "CPU work left (s / CPU)"}
	for m := range figure.Measures {
		var row []*plot.Plot
		top := 0.0
		for g, name := range d.Groups {
			p := newPanel("", "", "")
			if m == 0 {
				p.Title.Text = name
			}
			if m == figure.Measures-1 {
				p.X.Label.Text = "time (s)"
			}
			if g == 0 {
				p.Y.Label.Text = labels[m]
			}
			entries, highest, err := drawBands(p, d, m, g)
			if err != nil {
				return err
			}
			if m == 0 && g == 0 {
				picture.legend = entries
			}
			top = max(top, highest)
			row = append(row, p)
		}
		for _, p := range row {
			p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, d.Duration, 0, 1.08*top
			if err := markChanges(p, d.Changes, 1.08*top); err != nil {
				return err
			}
		}
		picture.plots = append(picture.plots, row)
	}
	if len(d.Changes) > 0 {
		mark, err := line(plotter.XYs{{}, {X: 1}}, color.Gray{60}, 1, vg.Points(2), vg.Points(2))
		if err != nil {
			return err
		}
		picture.legend = append(picture.legend, legendEntry{"servers change", thumbs(mark)})
	}
	return picture.write(w, format)
}

// drawBands adds the targets' curves to a panel, and returns their legend and
// the highest point of any.
func drawBands(p *plot.Plot, d *figure.Dynamic, m figure.Measure, group int) ([]legendEntry, float64, error) {
	scale := 1.0
	if m == figure.Use {
		scale = 100
	}
	var lines []*plotter.Line
	var legend []legendEntry
	names := dynamicNames(d)
	highest := 0.0
	for k, t := range d.Targets {
		band := t.Bands[m][group]
		mean, sd := moving(band.Mean, smoothing), moving(band.SD, smoothing)
		n := len(mean)
		curve, outline := make(plotter.XYs, n), make(plotter.XYs, 2*n)
		for i := range n {
			x := d.Interval * float64(i+1)
			half := scale * sd[i] / math.Sqrt(float64(len(d.Seeds)))
			curve[i] = plotter.XY{X: x, Y: scale * mean[i]}
			outline[i] = plotter.XY{X: x, Y: max(0, scale*mean[i]-half)}
			outline[2*n-1-i] = plotter.XY{X: x, Y: scale*mean[i] + half}
			highest = max(highest, scale*mean[i]+half)
		}
		spread, err := area(outline, faint(colours(k)))
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", t.Name, err)
		}
		l, err := line(curve, colours(k), 1.4)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", t.Name, err)
		}
		p.Add(spread)
		lines, legend = append(lines, l), append(legend, legendEntry{names[k], thumbs(l)})
	}
	for _, l := range lines {
		p.Add(l)
	}
	return legend, highest, nil
}

// markChanges draws a line up to top at each change.
func markChanges(p *plot.Plot, changes []float64, top float64) error {
	for _, at := range changes {
		mark, err := line(plotter.XYs{{X: at}, {X: at, Y: top}}, color.Gray{60}, 1, vg.Points(2), vg.Points(2))
		if err != nil {
			return err
		}
		p.Add(mark)
	}
	return nil
}

// DrawCompletion draws Figure 12 (b): the distribution of the completion times
// of each class. format is png, svg or pdf.
func DrawCompletion(w io.Writer, d *figure.Dynamic, format string) error {
	picture := panels{title: "Completion times in " + d.Scenario, height: 4.2 * vg.Inch}
	var row []*plot.Plot
	failed := false
	names := dynamicNames(d)
	for class, name := range d.Classes {
		list := make([]figure.Completions, len(d.Targets))
		for k, t := range d.Targets {
			list[k] = t.Completions[class]
		}
		low, high, _ := limits(list, 1)
		shown := distributions{title: name, names: names, list: list, low: low, high: high}
		p, legend, ends, err := shown.draw()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		failed = failed || ends
		if len(legend) == 0 {
			continue // a class without requests
		}
		p.X.Label.Text = completionLabel
		if len(row) == 0 {
			p.Y.Label.Text = partLabel
		}
		if len(legend) > len(picture.legend) {
			picture.legend = legend
		}
		row = append(row, p)
	}
	if len(row) == 0 {
		return fmt.Errorf("%w: %s has no requests", ErrFigure, strings.Join(d.Classes, ", "))
	}
	if failed {
		entry, err := endEntry()
		if err != nil {
			return err
		}
		picture.legend = append(picture.legend, entry)
	}
	picture.add(row...)
	picture.width = vg.Length(len(row))*3.6*vg.Inch + vg.Inch
	return picture.write(w, format)
}
