package results

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// plainTable is a table of the data of a figure: one line of headers, the
// first columns aligned to the left, the others to the right.
type plainTable struct {
	title  string
	header []string
	labels int // columns to the left
	rows   [][]string
	notes  []string
}

// write writes the table, and the notes below it, in MaxWidth columns.
func (t *plainTable) write(w io.Writer) error {
	align := make([]tw.Align, len(t.header))
	for k := range align {
		align[k] = tw.AlignRight
		if k < t.labels {
			align[k] = tw.AlignLeft
		}
	}
	var b strings.Builder
	table := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.On, Bottom: tw.On},
			Symbols: tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off},
				Lines:      tw.Lines{ShowTop: tw.On, ShowHeaderLine: tw.On, ShowBottom: tw.On},
			},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithEastAsian(tw.Off), // widths must not follow the locale
	)
	table.Header(t.header)
	if err := table.Bulk(t.rows); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	text := t.title + "\n" + string(trimLines([]byte(b.String())))
	for _, note := range t.notes {
		text += wrap(note, MaxWidth)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

func fixed(x float64, decimals int) string { return strconv.FormatFloat(x, 'f', decimals, 64) }

// exact writes x so that it reads back the same.
func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
