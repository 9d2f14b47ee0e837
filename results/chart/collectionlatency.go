package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"fairlb/eval/figure"
	"fairlb/eval/paper"
)

// microsecond is a millionth of a second, in s.
const microsecond = 1e-6

// readingTop is the part of the readings at which the axes end.
const readingTop = 0.999

// DrawCollectionLatency draws how long it takes to get features: a column a pause, a row for
// new frames and one for the same again; in each panel a line a way that says which part of
// the readings took at most so long. format is png, svg or pdf.
func DrawCollectionLatency(w io.Writer, f *figure.CollectionLatency, format string) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrFigure, err)
	}
	pauses := f.Pauses()
	picture := panelGrid{title: fmt.Sprintf("Getting %d x %d features: shared memory and probes on one machine", f.Servers, f.Features)}
	var all []figure.Distribution
	colour := map[string]int{} // of each way, in all panels
	for k := range f.Readings {
		all = append(all, inMicroseconds(&f.Readings[k].Times))
		if _, ok := colour[f.Readings[k].Way]; !ok {
			colour[f.Readings[k].Way] = len(colour)
		}
	}
	low, high, _ := limits(all, readingTop)
	low = math.Pow(10, math.Floor(math.Log10(max(low, 1e-3))))
	for _, again := range []bool{false, true} {
		var row []*plot.Plot
		for _, pause := range pauses {
			shown := distributions{title: "a new frame, computed" + pauseText(pause), low: low, high: max(high, 10*low), top: readingTop}
			if again {
				shown.title = "the same frame again" + pauseText(pause)
			}
			shown.list, shown.names = make([]figure.Distribution, len(colour)), make([]string, len(colour))
			for _, r := range f.Of(pause, again) {
				k := colour[r.Way]
				shown.names[k], shown.list[k] = r.Title, inMicroseconds(&r.Times)
			}
			p, legend, _, err := shown.draw()
			if err != nil {
				return err
			}
			p.Y.Max = nines(readingTop) // the lines go on
			if v2, ok := f.Median(figure.MarginShared, pause, again); ok {
				margin, err := marginLine(p, v2)
				if err != nil {
					return err
				}
				legend = append(legend, margin)
			}
			if len(legend) > len(picture.legend) {
				picture.legend = legend
			}
			row = append(row, p)
		}
		row[0].Y.Label.Text = "part of the readings (%)"
		picture.add(row...)
	}
	for _, p := range picture.plots[1] {
		p.X.Label.Text = "time of a reading (us)"
	}
	picture.width, picture.height = vg.Length(len(pauses))*4.2*vg.Inch+0.6*vg.Inch, 7*vg.Inch
	return picture.write(w, format)
}

// pauseText says what is before a reading.
func pauseText(pause float64) string {
	if pause == 0 {
		return ""
	}
	return fmt.Sprintf(", after %.4g ms of sleep", 1000*pause)
}

// marginLine draws the paper's margin above the median of shared memory (s).
func marginLine(p *plot.Plot, median float64) (legendEntry, error) {
	at := math.Log10((median + paper.CollectionMargin) / microsecond)
	margin, err := line(plotter.XYs{{X: at, Y: p.Y.Min}, {X: at, Y: p.Y.Max}}, color.Gray{110}, 1.2, vg.Points(1.5), vg.Points(2.5))
	if err != nil {
		return legendEntry{}, err
	}
	p.Add(margin)
	return legendEntry{"v2's median + 94.18 us, the paper's margin", thumbs(margin)}, nil
}

// inMicroseconds is a distribution of times in s in microseconds.
func inMicroseconds(d *figure.Distribution) figure.Distribution {
	out := *d
	out.Mean, out.Longest = d.Mean/microsecond, d.Longest/microsecond
	scaled := func(list []float64) []float64 {
		times := make([]float64, len(list))
		for k, x := range list {
			times[k] = x / microsecond
		}
		return times
	}
	out.All, out.Done = scaled(d.All), scaled(d.Done)
	return out
}
