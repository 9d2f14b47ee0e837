package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/fit"
)

// DrawFit draws every cell of a fit, simulated over published, on logarithmic axes: a
// column of panels a table, the simulation of before above the fitted one. The title of
// a panel says the root mean square of log(simulated / published) over the cells that
// are not of overload. format is png, svg or pdf.
func DrawFit(w io.Writer, before, after []fit.Residual, format string) error {
	var tables []int
	for _, r := range after {
		if !slices.Contains(tables, r.Table) {
			tables = append(tables, r.Table)
		}
	}
	picture := panelGrid{
		title:  "The heuristics' cells of the paper's tables: simulated over published",
		width:  vg.Length(max(2, len(tables)))*2.9*vg.Inch + 0.4*vg.Inch,
		height: 7 * vg.Inch,
	}
	for _, rows := range []struct {
		name string
		list []fit.Residual
	}{{"before", before}, {"now", after}} {
		var panels []*plot.Plot
		for _, table := range tables {
			panel, legend, err := fitPanel(table, rows.name, rows.list)
			if err != nil {
				return err
			}
			panels = append(panels, panel)
			for _, entry := range legend {
				known := func(x legendEntry) bool { return x.name == entry.name }
				if !slices.ContainsFunc(picture.legend, known) {
					picture.legend = append(picture.legend, entry)
				}
			}
		}
		picture.add(panels...)
	}
	return picture.write(w, format)
}

// fitPanel draws the cells of one table.
func fitPanel(table int, name string, all []fit.Residual) (*plot.Plot, []legendEntry, error) {
	of := func(r *fit.Residual) bool { return r.Table == table }
	rms, n := fit.RMS(all, func(r *fit.Residual) bool { return of(r) && r.Role != fit.Overload })
	if n == 0 {
		return nil, nil, fmt.Errorf("%w: table %d has no cells", ErrFigure, table)
	}
	p := newPanel(fmt.Sprintf("Table %d, %s: RMS %.2f", table, name, rms), "published (s)", "simulated (s)")
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.Y.Tick.Marker = oneTwoFiveTicks{}
	least, most := math.Inf(1), 0.0
	for k := range all {
		if r := &all[k]; of(r) {
			least, most = min(least, r.Mean, r.Ours), max(most, r.Mean, r.Ours)
		}
	}
	least, most = least/1.4, most*1.4
	p.X.Tick.Marker = p.Y.Tick.Marker
	if most/least > 60 { // more labels would overlap
		p.X.Tick.Marker = plot.LogTicks{Prec: -1}
	}
	for _, factor := range []float64{1, 0.5, 2} {
		line, err := plotter.NewLine(plotter.XYs{{X: least, Y: least * factor}, {X: most, Y: most * factor}})
		if err != nil {
			return nil, nil, fmt.Errorf("chart: fit: %w", err)
		}
		line.Color, line.Width = color.Gray{110}, vg.Points(1)
		if factor != 1 {
			line.Dashes = []vg.Length{vg.Points(3), vg.Points(3)}
		}
		p.Add(line)
	}
	legend, err := addCells(p, table, all)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = least, most, least, most
	return p, legend, err
}

// addCells adds the cells of a table to a panel, a colour a row of the table and a
// shape a role.
func addCells(p *plot.Plot, table int, all []fit.Residual) ([]legendEntry, error) {
	shapes := []draw.GlyphDrawer{fit.Fitted: draw.CircleGlyph{}, fit.HeldOut: draw.PyramidGlyph{}, fit.Overload: draw.RingGlyph{}}
	var legend []legendEntry
	for k, row := range []string{"WCMP", "LSQ", "SED"} {
		for _, role := range []fit.Role{fit.Fitted, fit.HeldOut, fit.Overload} {
			var points plotter.XYs
			for _, r := range all {
				if r.Table == table && r.Row == row && r.Role == role {
					points = append(points, plotter.XY{X: r.Mean, Y: r.Ours})
				}
			}
			if len(points) == 0 {
				continue
			}
			s, err := plotter.NewScatter(points)
			if err != nil {
				return nil, fmt.Errorf("chart: fit: %w", err)
			}
			s.Shape, s.Color, s.Radius = shapes[role], colours(k), vg.Points(3.5)
			p.Add(s)
			legend = append(legend, legendEntry{row + ", " + role.String(), thumbs(s)})
		}
	}
	return legend, nil
}
