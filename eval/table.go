package eval

import (
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

const (
	left  = tw.AlignLeft
	right = tw.AlignRight
)

// textTable is a table of cells as WriteText lays it out.
type textTable struct {
	header []string
	align  []tw.Align
	rows   [][]string
	target int // the column whose cells may be cut
}

// column appends a column and returns its index.
func (t *textTable) column(name string, align tw.Align) int {
	t.header = append(t.header, name)
	t.align = append(t.align, align)
	return len(t.header) - 1
}

// width of a column's widest cell.
func (t *textTable) width(column int) int {
	w := utf8.RuneCountInString(t.header[column])
	for _, row := range t.rows {
		w = max(w, utf8.RuneCountInString(row[column]))
	}
	return w
}

// fit cuts the target names at the front (the end of a path tells more than
// its start) until the table is no wider than width, or they are as short as
// shortTarget.
func (t *textTable) fit(width int) {
	const between = 3 // a column's padding and its gap to the next
	room := width
	for column := range t.header {
		room -= between
		if column != t.target {
			room -= t.width(column)
		}
	}
	room = max(room, shortTarget)
	for _, row := range t.rows {
		if name := []rune(row[t.target]); len(name) > room {
			row[t.target] = "…" + string(name[len(name)-room+1:])
		}
	}
}

// render appends the table to b, without blanks at the ends of lines.
func (t *textTable) render(b *strings.Builder) error {
	var raw strings.Builder
	table := tablewriter.NewTable(&raw,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbolCustom("plain").WithRow("-").WithColumn(" ").WithCenter("-"),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenColumns: tw.On, BetweenRows: tw.Off},
				Lines:      tw.Lines{ShowHeaderLine: tw.On},
			},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: t.align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: t.align}),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithEastAsian(tw.Off), // widths must not follow the locale
	)
	table.Header(t.header)
	if err := table.Bulk(t.rows); err != nil {
		return err
	}
	if err := table.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(raw.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return nil
}
