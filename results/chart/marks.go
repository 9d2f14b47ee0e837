package chart

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// colourCount is the number of colours before they come again.
const colourCount = 7

// colours returns the k-th colour of Okabe and Ito, which the colour-blind tell
// apart.
func colours(k int) color.RGBA {
	list := []color.RGBA{{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}, {0, 0, 0, 255}}
	return list[k%len(list)]
}

// faint makes a colour transparent, for areas that overlap.
func faint(c color.RGBA) color.NRGBA { return color.NRGBA{c.R, c.G, c.B, 40} }

// line returns a line through points, of that width in points, dashed if dashes are
// given.
func line(xys plotter.XYs, c color.Color, width float64, dashes ...vg.Length) (*plotter.Line, error) {
	l, err := plotter.NewLine(xys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFigure, err)
	}
	l.Color, l.Width, l.Dashes = c, vg.Points(width), dashes
	return l, nil
}

// area returns the area inside an outline.
func area(xys plotter.XYs, c color.Color) (*plotter.Polygon, error) {
	a, err := plotter.NewPolygon(xys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFigure, err)
	}
	a.Color, a.LineStyle.Width = c, 0
	return a, nil
}

// dot returns a dot at a point.
func dot(point plotter.XY, c color.Color) (*plotter.Scatter, error) {
	s, err := plotter.NewScatter(plotter.XYs{point})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFigure, err)
	}
	s.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(2.2), Shape: draw.CircleGlyph{}}
	return s, nil
}

// dashes returns how the k-th line is dashed: the first three are not, the others
// leave gaps in which lines below are seen. Lines of the same colour are dashed
// differently.
func dashes(k int) []vg.Length {
	list := [][]vg.Length{{7, 3}, {3, 3}, {9, 3, 2, 3}, {2, 4}}
	if k < 3 {
		return nil
	}
	return list[(k%colourCount+1+k/colourCount)%len(list)]
}
