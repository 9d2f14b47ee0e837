package results

import (
	"encoding/csv"
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/figure"
)

// WriteFairText writes the data of Figure 2a as a table.
func WriteFairText(w io.Writer, f *figure.Fair) error {
	t := plainTable{
		title:  "Figure 2a. What a large server gets for 1 that a small one gets, by application",
		header: []string{"application", "scenario", "windows", "p5", "p25", "p50", "p75", "p95", "requests", "best fixed", "nearly as good", "SED"},
		labels: 2,
		notes: []string{
			fmt.Sprintf("p5 to p95: over windows of %g s, the work (s of CPU and IO demand) that the Oracle, which sends a request to where all work would be finished soonest, gives to a large server "+
				"over that to a small one; %d seeds of %g s, without their first %g s. requests: the median of the same by their number; the Oracle knows which are large.",
				f.Window, len(f.Seeds), f.Duration, f.Warmup),
			fmt.Sprintf("best fixed: the ratio of the fixed weights of least mean completion time, found on training seeds; nearly as good: those within %g %% of it. SED: that of the processors.", 100*f.Nearly),
		},
	}
	for k := range f.Profiles {
		p := &f.Profiles[k]
		row := []string{p.Name, p.Scenario, strconv.Itoa(len(p.Work))}
		for _, q := range []float64{0.05, 0.25, 0.5, 0.75, 0.95} {
			row = append(row, fixed(figure.Quantile(q, p.Work), 2))
		}
		t.rows = append(t.rows, append(row, fixed(figure.Quantile(0.5, p.Requests), 2), fixed(p.Tuned, 2),
			fixed(p.TunedLow, 2)+" to "+fixed(p.TunedHigh, 2), fixed(p.Processors, 2)))
	}
	return t.write(w)
}

// WriteFairCSV writes one row a profile and quantile, each 5 %.
func WriteFairCSV(w io.Writer, f *figure.Fair) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"application", "scenario", "window_s", "windows", "quantile", "work_ratio", "requests_ratio",
		"best_fixed_ratio", "best_fixed_low", "best_fixed_high", "processors_ratio"}}
	for k := range f.Profiles {
		p := &f.Profiles[k]
		for q := range 21 {
			part := float64(q) / 20
			rows = append(rows, []string{p.Name, p.Scenario, exact(f.Window), strconv.Itoa(len(p.Work)), exact(part), exact(figure.Quantile(part, p.Work)),
				exact(figure.Quantile(part, p.Requests)), exact(p.Tuned), exact(p.TunedLow), exact(p.TunedHigh), exact(p.Processors)})
		}
	}
	return out.WriteAll(rows)
}

// DrawFair draws Figure 2a: for each profile a box from the first to the third
// quartile of the windows' ratios, a line from 5 to 95 %, the best fixed ratio
// with those that do nearly as well, and that of the processors. format is
// png, svg or pdf.
func DrawFair(w io.Writer, f *figure.Fair, format string) error {
	p := newPanel("", "application profile", "ratio, large / small server")
	var names []string
	var legend []legendEntry
	for k := range f.Profiles {
		profile := &f.Profiles[k]
		if len(profile.Work) == 0 || math.IsInf(figure.Quantile(0.95, profile.Work), 0) {
			return fmt.Errorf("%w: %s: in windows of %g s the small servers often get no request at all", ErrFigure, profile.Name, f.Window)
		}
		names = append(names, profile.Name)
		entries, err := drawProfile(p, profile, float64(k), f.Nearly)
		if err != nil {
			return fmt.Errorf("%s: %w", profile.Name, err)
		}
		legend = entries
	}
	p.NominalX(names...)
	p.X.Padding = vg.Points(4)
	p.X.Min, p.X.Max, p.Y.Min = -0.6, float64(len(names))-0.4, 0
	p.Y.Max *= 1.05
	picture := panels{
		title:  fmt.Sprintf("Which ratio of weights is fair depends on the application (windows of %g s)", f.Window),
		legend: legend, width: 8 * vg.Inch, height: 4.8 * vg.Inch,
	}
	picture.add(p)
	return picture.write(w, format)
}

// drawProfile draws a profile at x: its windows to the left, fixed weights to
// the right, the processors over both.
func drawProfile(p *plot.Plot, profile *figure.FairProfile, x, nearly float64) ([]legendEntry, error) {
	const half, left, right = 0.17, -0.12, 0.24
	at := func(dx, part float64) plotter.XY {
		return plotter.XY{X: x + left + dx, Y: figure.Quantile(part, profile.Work)}
	}
	box, err := area(plotter.XYs{at(-half, 0.25), at(half, 0.25), at(half, 0.75), at(-half, 0.75)}, color.RGBA{158, 202, 225, 255})
	if err != nil {
		return nil, err
	}
	tuned, err := plotter.NewScatter(plotter.XYs{{X: x + right, Y: profile.Tuned}})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFigure, err)
	}
	tuned.GlyphStyle = draw.GlyphStyle{Color: colours(2), Radius: vg.Points(4.5), Shape: draw.CircleGlyph{}}
	var lines []*plotter.Line
	for _, l := range []struct {
		xys    plotter.XYs
		colour color.Color
		width  float64
		dashes []vg.Length
	}{
		{plotter.XYs{at(0, 0.05), at(0, 0.95)}, color.Gray{90}, 1.4, nil},
		{plotter.XYs{at(-half, 0.5), at(half, 0.5)}, colours(0), 2.5, nil},
		{plotter.XYs{{X: x + right, Y: profile.TunedLow}, {X: x + right, Y: profile.TunedHigh}}, colours(2), 3, nil},
		{plotter.XYs{{X: x - 0.4, Y: profile.Processors}, {X: x + 0.4, Y: profile.Processors}}, colours(1), 2, []vg.Length{vg.Points(6), vg.Points(3)}},
	} {
		made, err := line(l.xys, l.colour, l.width, l.dashes...)
		if err != nil {
			return nil, err
		}
		lines = append(lines, made)
	}
	p.Add(lines[0], box, lines[1], lines[2], tuned, lines[3])
	return []legendEntry{
		{"work that the Oracle gives: half of the windows", thumbs(box)}, {"90 % of them", thumbs(lines[0])}, {"median", thumbs(lines[1])},
		{"weights of SED: processors", thumbs(lines[3])}, {fmt.Sprintf("best fixed weights, and those within %g %%", 100*nearly), thumbs(lines[2], tuned)},
	}, nil
}
