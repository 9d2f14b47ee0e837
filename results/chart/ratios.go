package chart

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval/study"
)

// The sizes of DrawRatios.
const (
	ratioColumns = 4   // panels beside each other
	ratioMost    = 1.3 // greater ratios are drawn as an arrow at the edge
)

// DrawRatios draws how the targets of a recorded study compare to its baseline: a
// panel a scenario, a row a target, untrained ones first. A dot is the ratio of
// mean completion times on the same arrivals, so that left of the line at 1 is
// faster than the baseline; a method has its interval over training runs, the one
// kind of interval in the picture. A dotted line goes down from the best of the
// untrained targets. All panels have the same rows; that of a target that a scenario lacks
// is empty.
// format is png, svg or pdf.
func DrawRatios(w io.Writer, r *study.Recorded, targets []string, format string) error {
	picture := panelGrid{title: "Mean completion time over " + study.Baseline + "'s on the same arrivals (less is better)"}
	low, high := 1.0, 1.0
	for _, s := range r.Scenarios {
		for _, name := range targets {
			if x, ok := s.Ratio(name); ok {
				low, high = min(low, x.Value), max(high, min(x.Value, ratioMost))
				if x.Known {
					low, high = min(low, x.Lo), max(high, min(x.Hi, ratioMost))
				}
			}
		}
	}
	if low == high {
		return fmt.Errorf("%w: none of the targets is in the study", ErrFigure)
	}
	columns := min(ratioColumns, len(r.Scenarios))
	margin := 0.04 * (high - low)
	untrained, trained := ratioRows(r, targets)
	for k := range r.Scenarios {
		p, legend, err := drawRatios(&r.Scenarios[k], untrained, trained, low-margin, high+margin, k%columns == 0)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Scenarios[k].Name, err)
		}
		picture.place(k, columns, p)
		if len(legend) > len(picture.legend) {
			picture.legend = legend
		}
	}
	picture.width = vg.Length(columns)*2.6*vg.Inch + vg.Inch
	picture.height = vg.Length(len(picture.plots))*(vg.Length(len(untrained)+len(trained))*0.22+0.6)*vg.Inch + 0.6*vg.Inch
	return picture.write(w, format)
}

// ratioRows returns the targets that some scenario has, those that are not trained apart.
func ratioRows(r *study.Recorded, targets []string) (untrained, trained []string) {
	for _, name := range targets {
		for k := range r.Scenarios {
			t := r.Scenarios[k].Target(name)
			if t == nil {
				continue
			}
			if t.Trained() {
				trained = append(trained, name)
			} else {
				untrained = append(untrained, name)
			}
			break
		}
	}
	return untrained, trained
}

// ruleColour is that of untrained targets.
var ruleColour = color.Gray{110}

// drawRatios draws the panel of one scenario over an axis from low to high, and
// returns its legend. Without names its rows have none.
func drawRatios(s *study.RecordedScenario, untrained, trained []string, low, high float64, names bool) (*plot.Plot, []legendEntry, error) {
	p := newPanel(s.Name, "", "")
	rows := append(slices.Clone(untrained), trained...)
	bottom := -float64(len(rows)) + 0.4
	baseline, err := line(plotter.XYs{{X: 1, Y: 0.6}, {X: 1, Y: bottom}}, color.Gray{60}, 1.2)
	if err != nil {
		return nil, nil, err
	}
	p.Add(baseline)
	legend := []legendEntry{{study.Baseline, thumbs(baseline)}}
	if best := s.Best(untrained); best != nil {
		ratio, _ := s.Ratio(best.Name)
		mark, err := line(plotter.XYs{{X: ratio.Value, Y: 0.6}, {X: ratio.Value, Y: bottom}}, ruleColour, 1.2, vg.Points(2), vg.Points(2))
		if err != nil {
			return nil, nil, err
		}
		p.Add(mark)
		legend = append(legend, legendEntry{"the best of the untrained", thumbs(mark)})
	}
	var ticks plot.ConstantTicks
	var labels plotter.XYLabels
	for k, name := range rows {
		y := -float64(k)
		label := " " // no label: no line of the grid
		if names {
			label = name
		}
		ticks = append(ticks, plot.Tick{Value: y, Label: label})
		ratio, ok := s.Ratio(name)
		if !ok {
			continue
		}
		isTrained := k >= len(untrained)
		marks, entry, err := ratioMarks(ratio, isTrained, y, low, high)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		p.Add(marks...)
		if !slices.ContainsFunc(legend, func(e legendEntry) bool { return e.name == entry.name }) {
			legend = append(legend, entry)
		}
		labels.XYs = append(labels.XYs, plotter.XY{X: high, Y: y})
		labels.Labels = append(labels.Labels, strconv.FormatFloat(ratio.Value, 'f', 3, 64))
	}
	if len(untrained) > 0 && len(trained) > 0 {
		y := 0.5 - float64(len(untrained))
		between, err := line(plotter.XYs{{X: low, Y: y}, {X: high, Y: y}}, color.Gray{190}, 0.8)
		if err != nil {
			return nil, nil, err
		}
		p.Add(between)
	}
	if len(labels.XYs) > 0 {
		values, err := plotter.NewLabels(labels)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrFigure, err)
		}
		for k := range values.TextStyle {
			values.TextStyle[k].Font.Size = vg.Points(9)
			values.TextStyle[k].YAlign = text.YCenter
		}
		values.Offset.X = vg.Points(2)
		p.Add(values)
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = roundTicks{}, ticks
	p.Y.Tick.Length = 0
	p.Y.Min, p.Y.Max = bottom, 0.6
	p.X.Min, p.X.Max = low, high+0.17*(high-low) // room for the values
	return p, legend, nil
}

// ratioMarks returns the dot of a ratio with its interval, if it has one, and
// the legend's entry of its kind. What lies beyond high is an arrow head there.
func ratioMarks(ratio study.Ratio, trained bool, y, low, high float64) ([]plot.Plotter, legendEntry, error) {
	kind, style := "untrained rule", draw.GlyphStyle{Color: ruleColour, Radius: vg.Points(2.6), Shape: draw.BoxGlyph{}}
	if trained {
		kind = "trained, with its 95 % interval over training runs"
		style = draw.GlyphStyle{Color: colours(0), Radius: vg.Points(2.6), Shape: draw.CircleGlyph{}}
	}
	position := plotter.XY{X: ratio.Value, Y: y}
	if ratio.Value > high {
		position.X, style.Shape = high, arrowHead{direction: 1}
	}
	point, err := plotter.NewScatter(plotter.XYs{position})
	if err != nil {
		return nil, legendEntry{}, fmt.Errorf("%w: %w", ErrFigure, err)
	}
	point.GlyphStyle = style
	marks, entry := []plot.Plotter{point}, legendEntry{kind, thumbs(point)}
	if ratio.Known && ratio.Lo < high {
		interval, err := line(plotter.XYs{{X: math.Max(low, ratio.Lo), Y: y}, {X: math.Min(high, ratio.Hi), Y: y}}, style.Color, 2)
		if err != nil {
			return nil, legendEntry{}, err
		}
		marks, entry.thumbs = append(marks, interval), thumbs(interval, point)
	}
	return marks, entry, nil
}
