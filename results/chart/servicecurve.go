package chart

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/figure"
)

// DrawServiceCurve draws what one server makes of so many requests at a time: a row a kind
// of request, on the left the completions a second, on the right the mean completion time
// with one standard deviation on either side; measured as dots and lines, and the model's
// dashed. format is png, svg or pdf.
func DrawServiceCurve(w io.Writer, f *figure.ServiceCurve, format string) error {
	picture := panelGrid{
		title: fmt.Sprintf("One server of %d x %g cores: %s and the model", f.CPUs, f.Speed, f.Servers),
		width: 8 * vg.Inch, height: vg.Length(len(f.Mixes))*2.7*vg.Inch + 0.6*vg.Inch,
	}
	for k := range f.Mixes {
		m := &f.Mixes[k]
		if len(m.Points) == 0 {
			return fmt.Errorf("%w: %s: no point", ErrFigure, m.Name())
		}
		var rate, rateModel, mean, meanModel, spread plotter.XYs
		most := 0.0
		for _, p := range m.Points {
			n := float64(p.Concurrency)
			rate, rateModel = append(rate, plotter.XY{X: n, Y: p.Throughput}), append(rateModel, plotter.XY{X: n, Y: p.Model})
			mean, meanModel = append(mean, plotter.XY{X: n, Y: p.Mean}), append(meanModel, plotter.XY{X: n, Y: p.ModelMean})
			spread = append(spread, plotter.XY{X: n, Y: p.Mean + p.SD})
			most = max(most, p.Throughput, p.Model)
		}
		for i := len(m.Points) - 1; i >= 0; i-- {
			p := m.Points[i]
			spread = append(spread, plotter.XY{X: float64(p.Concurrency), Y: max(0, p.Mean-p.SD)})
		}
		left, right := newPanel(m.Name(), "requests at a time", "completed / s"), newPanel(m.Name(), "requests at a time", "mean time, s")
		band, err := area(spread, faint(colours(0)))
		if err != nil {
			return err
		}
		right.Add(band)
		for _, panel := range []struct {
			plot            *plot.Plot
			measured, model plotter.XYs
		}{{left, rate, rateModel}, {right, mean, meanModel}} {
			measured, err := line(panel.measured, colours(0), 1.8)
			if err != nil {
				return err
			}
			model, err := line(panel.model, color.Gray{60}, 1.8, vg.Points(5), vg.Points(3))
			if err != nil {
				return err
			}
			panel.plot.Add(model, measured)
			picture.legend = []legendEntry{{f.Servers + ", measured", thumbs(measured)}, {"one standard deviation", thumbs(band)}, {"the simulator's model", thumbs(model)}}
		}
		left.Y.Min, left.Y.Max, right.Y.Min = 0, 1.15*most, 0
		left.X.Min, right.X.Min = 0, 0
		picture.add(left, right)
	}
	return picture.write(w, format)
}
