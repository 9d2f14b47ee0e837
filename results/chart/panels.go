package chart

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// ErrFigure reports data that cannot be drawn.
var ErrFigure = errors.New("chart: figure cannot be drawn")

// printDPI is the resolution of PNG pictures, for print.
const printDPI = 200

// panelGrid is a picture: a grid of panels, each a plot, below one title and one
// legend.
type panelGrid struct {
	title         string
	legend        []legendEntry
	plots         [][]*plot.Plot // by row, of equal lengths; nil: an empty place
	width, height vg.Length      // with one line of title and one of legend; further lines add to the height
}

// legendEntry is a name and the small pictures, over each other, that are drawn
// beside it.
type legendEntry struct {
	name   string
	thumbs []plot.Thumbnailer
}

// newPanel returns an empty plot with a grid.
func newPanel(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font.Size = vg.Points(12)
	p.Title.Padding = vg.Points(4)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font.Size, axis.Tick.Label.Font.Size = vg.Points(11), vg.Points(10)
		axis.Tick.Marker = roundTicks{}
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	return p
}

// add adds a row of panels.
func (p *panelGrid) add(row ...*plot.Plot) { p.plots = append(p.plots, row) }

// place adds the k-th panel of a grid that is filled row by row, each of so many
// columns; the panels before it have been placed.
func (p *panelGrid) place(k, columns int, panel *plot.Plot) {
	if k%columns == 0 {
		p.plots = append(p.plots, make([]*plot.Plot, columns))
	}
	p.plots[k/columns][k%columns] = panel
}

// thumbs lists the small pictures of a legend entry.
func thumbs(t ...plot.Thumbnailer) []plot.Thumbnailer { return t }

// write draws the picture and writes it; format is png, svg or pdf.
func (p *panelGrid) write(w io.Writer, format string) error {
	var out interface {
		vg.CanvasSizer
		io.WriterTo
	}
	title, legend := p.layout()
	height := p.height + vg.Points(topLine)*vg.Length(max(0, len(title)-1)+max(0, len(legend)-1))
	if format == "png" {
		out = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(p.width, height), vgimg.UseDPI(printDPI))}
	} else {
		var err error
		if out, err = draw.NewFormattedCanvas(p.width, height, format); err != nil {
			return fmt.Errorf("chart: %w", err)
		}
	}
	whole := draw.New(out)
	whole.SetColor(color.White)
	whole.Fill(whole.Rectangle.Path())
	below := drawTop(whole, title, legend)
	tiles := draw.Tiles{Rows: len(p.plots), Cols: len(p.plots[0]), PadX: vg.Points(14), PadY: vg.Points(10),
		PadLeft: vg.Points(6), PadRight: vg.Points(12), PadBottom: vg.Points(6)}
	canvases := plot.Align(p.plots, tiles, below)
	for i, row := range p.plots {
		for j, one := range row {
			if one != nil {
				one.Draw(canvases[i][j])
			}
		}
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return nil
}

// The sizes of the title and the legend at the top of a picture, in points.
const (
	topThumb   = 26 // width of the small picture of an entry
	topGap     = 5  // between the small picture and the name
	topBetween = 16 // between two entries
	topLine    = 18 // height of a line
	topMargin  = 12 // to the left and to the right
)

// topStyle is the style of text of a size in points at the top of a picture.
func topStyle(points float64) text.Style {
	style := plot.New().Title.TextStyle
	style.XAlign, style.YAlign = text.XLeft, text.YCenter
	style.Font.Size = vg.Points(points)
	return style
}

func titleStyle() text.Style  { return topStyle(13) }
func legendStyle() text.Style { return topStyle(11) }

// layout breaks title and legend into as many lines as they need. No line is longer
// than the picture is wide, unless it is a single word or entry.
func (p *panelGrid) layout() (title []string, legend [][]legendEntry) {
	room := p.width - 2*vg.Points(topMargin)
	style := titleStyle()
	for _, word := range strings.Fields(p.title) {
		last := len(title) - 1
		if last >= 0 && style.Width(title[last]+" "+word) <= room {
			title[last] += " " + word
		} else {
			title = append(title, word)
		}
	}
	style = legendStyle()
	used := vg.Length(0)
	for _, entry := range p.legend {
		width := vg.Points(topThumb+topGap) + style.Width(entry.name)
		if len(legend) == 0 || used+width > room {
			legend, used = append(legend, nil), 0
		}
		last := len(legend) - 1
		legend[last] = append(legend[last], entry)
		used += width + vg.Points(topBetween)
	}
	return title, legend
}

// drawTop draws the lines of title and legend, and returns the rest of the canvas,
// below them.
func drawTop(c draw.Canvas, title []string, legend [][]legendEntry) draw.Canvas {
	left, line := c.Min.X+vg.Points(topMargin), vg.Points(topLine)
	y := c.Max.Y - vg.Points(14) + line
	for _, words := range title {
		y -= line
		c.FillText(titleStyle(), vg.Point{X: left, Y: y}, words)
	}
	y -= vg.Points(2)
	style := legendStyle()
	for _, entries := range legend {
		x := left
		y -= line
		for _, entry := range entries {
			box := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: x, Y: y - vg.Points(6)}, Max: vg.Point{X: x + vg.Points(topThumb), Y: y + vg.Points(6)},
			}}
			for _, t := range entry.thumbs {
				t.Thumbnail(&box)
			}
			x += vg.Points(topThumb + topGap)
			c.FillText(style, vg.Point{X: x, Y: y}, entry.name)
			x += style.Width(entry.name) + vg.Points(topBetween)
		}
	}
	c.Max.Y = y - line/2 - vg.Points(4)
	return c
}

// writePlot writes a picture of a single plot that has its title and legend itself.
func writePlot(w io.Writer, p *plot.Plot, width, height vg.Length, format string) error {
	out, err := p.WriterTo(width, height, format)
	if err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return nil
}
