package text

import (
	"bytes"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Style is how a table is set.
type Style int

const (
	// Plain has nothing but columns, two blanks apart. The last cell of a row
	// ends its line, unless its column is aligned to the right.
	Plain Style = iota

	// Ruled has columns three blanks apart, and a rule below the first row.
	Ruled

	// Framed has a line above and below. Above its columns are the headers that
	// Groups gives or, without any, its first row and a line. A row without cells
	// is a rule.
	Framed
)

// gap is the number of blanks between two columns of style Plain.
const gap = 2

// padding is the number of blanks that a column of the other styles has, both
// sides together.
const padding = 2

// total is the width of a table of that style whose columns have those widths.
func (s Style) total(columns []int) int {
	total := 0
	for _, width := range columns {
		total += width
	}
	switch s {
	case Ruled:
		return total + (padding+1)*len(columns) // one more for the separator
	case Framed:
		return total + padding*len(columns)
	}
	return total + gap*max(0, len(columns)-1)
}

// Groups sets the headers of a table of style Framed: one for each column, of
// which equal neighbours share one. The columns of a group are made wide enough for
// their common header.
func (t *Table) Groups(groups ...string) { t.groups = groups }

// set lays out rows of several cells and, in style Framed, rules.
func (t *Table) set(b *bytes.Buffer, rows [][]string) error {
	switch t.Style {
	case Ruled:
		return t.setRuled(b, rows)
	case Framed:
		return t.setFramed(b, rows)
	}
	return t.setPlain(b, rows)
}

// render lays rows out in columns of the given widths, without their padding, and of
// the table's alignment. The library tablewriter does the work.
func (t *Table) render(w io.Writer, header []string, rows [][]string, columns []int, pad tw.Padding, rendition tw.Rendition) error {
	widths := tw.NewMapper[int, int]()
	align := make([]tw.Align, len(columns))
	for k, width := range columns {
		widths.Set(k, width+len(pad.Left)+len(pad.Right))
		if align[k] = tw.AlignLeft; t.right[k] {
			align[k] = tw.AlignRight
		}
	}
	cells := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Padding:    tw.CellPadding{Global: pad},
		Alignment:  tw.CellAlignment{PerColumn: align},
	}
	top := cells
	if t.groups != nil {
		// Its successor, Merging.Mode, cuts the text to one column in v1.1.5.
		//lint:ignore SA1019 merges as wanted
		top.Formatting.MergeMode = tw.MergeHorizontal
		top.Alignment = tw.CellAlignment{Global: tw.AlignCenter}
	}
	table := tablewriter.NewTable(w,
		tablewriter.WithEastAsian(tw.Off), // widths must not follow the user's locale
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderConfig(top),
		tablewriter.WithRowConfig(cells),
		tablewriter.WithColumnWidths(widths),
		tablewriter.WithRenderer(renderer.NewBlueprint(rendition)),
	)
	if header != nil {
		table.Header(header)
	}
	if err := table.Bulk(rows); err != nil {
		return err
	}
	return table.Render()
}

// setPlain lays rows out and removes the blanks after their last cells.
func (t *Table) setPlain(b *bytes.Buffer, rows [][]string) error {
	columns := t.widths(rows)
	last := len(columns) - 1
	var raw bytes.Buffer
	err := t.render(&raw, nil, rows, columns, tw.Padding{Right: strings.Repeat(" ", gap), Overwrite: true}, tw.Rendition{
		Borders:  tw.BorderNone,
		Symbols:  tw.NewSymbols(tw.StyleNone),
		Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
	})
	if err != nil {
		return err
	}
	lines := strings.Split(raw.String(), "\n")
	for k, row := range rows {
		blanks := gap // after the last cell
		if !t.right[last] {
			blanks += columns[last]
			if len(row) > last {
				blanks -= width(row[last])
			}
		}
		b.WriteString(t.Indent + lines[k][:len(lines[k])-blanks] + "\n")
	}
	return nil
}

// setRuled lays rows out below the first as their header.
func (t *Table) setRuled(b *bytes.Buffer, rows [][]string) error {
	var raw bytes.Buffer
	err := t.render(&raw, rows[0], rows[1:], t.widths(rows), tw.PaddingDefault, tw.Rendition{
		Borders: tw.BorderNone,
		Symbols: tw.NewSymbolCustom("plain").WithRow("-").WithColumn(" ").WithCenter("-"),
		Settings: tw.Settings{
			Separators: tw.Separators{BetweenColumns: tw.On, BetweenRows: tw.Off},
			Lines:      tw.Lines{ShowHeaderLine: tw.On},
		},
	})
	trimLines(b, raw.String())
	return err
}

// setFramed lays rows out between two lines, below the headers of their groups or the
// first row.
func (t *Table) setFramed(b *bytes.Buffer, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	columns := t.widths(rows)
	t.widen(columns)
	ruled := make([][]string, len(rows))
	for k, row := range rows {
		if ruled[k] = row; len(row) == 0 {
			for _, width := range columns {
				ruled[k] = append(ruled[k], strings.Repeat("─", width))
			}
		}
	}
	header, line := t.groups, tw.Off
	if header == nil {
		header, ruled, line = ruled[0], ruled[1:], tw.On
	}
	var raw bytes.Buffer
	err := t.render(&raw, header, ruled, columns, tw.PaddingDefault, tw.Rendition{
		Borders: tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.On, Bottom: tw.On},
		Symbols: tw.NewSymbols(tw.StyleLight),
		Settings: tw.Settings{
			Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off},
			Lines:      tw.Lines{ShowTop: tw.On, ShowHeaderLine: line, ShowBottom: tw.On},
		},
	})
	trimLines(b, raw.String())
	return err
}

// widen makes the columns of each group wide enough for the header of the group.
func (t *Table) widen(columns []int) {
	for k := 0; k < len(t.groups); {
		span, total := 1, columns[k]
		for k+span < len(columns) && t.groups[k+span] == t.groups[k] {
			total += columns[k+span] + padding // which holds text as well
			span++
		}
		for lack := width(t.groups[k]) - total; lack > 0; lack-- {
			columns[k+lack%span]++
		}
		k += span
	}
}

// trimLines writes text to b without the blanks at the ends of its lines.
func trimLines(b *bytes.Buffer, text string) {
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}
