package chart

import (
	"fmt"
	"io"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/figure"
	"fairlb/eval/theory/twoservers"
)

// DrawWeightedDurations draws Figure 2b: a group of bars a configuration, a bar a
// method; in one panel the exact chain, in the other the equation as it is printed.
// format is png, svg or pdf.
func DrawWeightedDurations(w io.Writer, f *figure.WeightedDurations, format string) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrFigure, err)
	}
	picture := panelGrid{
		title: fmt.Sprintf("Two servers of speeds 2 and 1, queues of %d, nominal load (appendix A, Figure 2b)", f.Queue),
		width: 8 * vg.Inch, height: 6.4 * vg.Inch,
	}
	for _, panel := range []struct{ title, reading string }{
		{"exactly, as a chain of both queues", "plain"}, {"by the printed equation, as if the queues were independent", "independent, as printed"},
	} {
		p := newPanel(panel.title, "", "weighted duration")
		var names []string
		legend, drawn := []legendEntry(nil), 0
		for g, c := range twoservers.Configurations() {
			names = append(names, c.Name)
			legend = nil
			for k, method := range []string{"WCMP", "LSQ", "SED", "self-tuning SED, fixed"} {
				height, ok := f.Of(panel.reading, method, c.Name)
				if !ok {
					continue
				}
				drawn++
				const width = 0.2
				left := float64(g) + width*(float64(k)-2)
				bar, err := area(plotter.XYs{{X: left}, {X: left, Y: height}, {X: left + 0.9*width, Y: height}, {X: left + 0.9*width}}, colours(k))
				if err != nil {
					return err
				}
				p.Add(bar)
				legend = append(legend, legendEntry{method, thumbs(bar)})
			}
		}
		if drawn == 0 {
			continue
		}
		p.NominalX(names...)
		p.X.Min, p.X.Max, p.Y.Min = -0.5, float64(len(names))-0.5, 0
		p.Y.Max *= 1.05
		if picture.legend == nil {
			picture.legend = legend
		}
		picture.add(p)
	}
	return picture.write(w, format)
}
