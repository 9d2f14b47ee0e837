package text

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// Table is a table of text in the making. Its zero value is an empty table of
// style Plain.
type Table struct {
	// Style is how the table is set.
	Style Style

	// Indent is put before each row of several cells, in style Plain.
	Indent string

	rows   [][]string
	right  map[int]bool // the columns that are aligned to the right
	groups []string     // of style Framed: the header above each column
}

// NewTable returns a table of style Plain with that first row, or without any
// row if no cells are given.
func NewTable(header ...string) *Table {
	t := &Table{}
	if len(header) > 0 {
		t.Row(header...)
	}
	return t
}

// Row adds a row of cells. A row of no cells is a rule in a table of style Framed and
// an empty line in others, where a row of one cell is a line by itself: the rows below
// it are a table of their own, with columns, and in style Ruled a header, of their own.
// Characters that break lines or separate cells become blanks in a row of several
// cells.
func (t *Table) Row(cells ...string) {
	row := slices.Clone(cells)
	if len(row) > 1 {
		for k := range row {
			row[k] = oneLine.Replace(row[k])
		}
	}
	t.rows = append(t.rows, row)
}

var oneLine = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ", "\v", " ", "\f", " ")

// Rowf adds the row whose cells are the parts, between tabs, of a formatted
// text.
func (t *Table) Rowf(format string, args ...any) {
	t.Row(strings.Split(fmt.Sprintf(format, args...), "\t")...)
}

// Right aligns columns to the right. All others are aligned to the left.
func (t *Table) Right(columns ...int) {
	if t.right == nil {
		t.right = map[int]bool{}
	}
	for _, column := range columns {
		t.right[column] = true
	}
}

// Fit shortens the cells of the given columns, one column after the other,
// until the table is no wider than most. No cell is cut below least
// characters, nor so far that two that differ become the same, so that a table may
// stay wider. Of a shortened cell, front says which part remains of its
// beginning; see Shorten.
func (t *Table) Fit(most, least int, front Front, columns ...int) {
	widths := t.widths(t.rows)
	total := t.Style.total(widths)
	for _, column := range columns {
		if column >= len(widths) {
			continue
		}
		room := max(least, widths[column]-max(0, total-most))
		for room < widths[column] && !t.distinct(column, room, front) {
			room++
		}
		for _, row := range t.rows {
			if len(row) > 1 && column < len(row) {
				row[column] = Shorten(row[column], room, front)
			}
		}
		total -= max(0, widths[column]-room)
	}
}

// distinct says whether the cells of a column that differ still do when they are
// shortened to that room.
func (t *Table) distinct(column, room int, front Front) bool {
	whole := map[string]string{} // by what it is shortened to
	for _, row := range t.rows {
		if len(row) < 2 || column >= len(row) {
			continue
		}
		short := Shorten(row[column], room, front)
		if other, taken := whole[short]; taken && other != row[column] {
			return false
		}
		whole[short] = row[column]
	}
	return true
}

// widths returns the width of each column of rows.
func (t *Table) widths(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		if len(row) < 2 {
			continue
		}
		for column, cell := range row {
			if column == len(widths) {
				widths = append(widths, 0)
			}
			widths[column] = max(widths[column], width(cell))
		}
	}
	return widths
}

// width is how many columns of a terminal a text takes.
func width(text string) int {
	return twwidth.WidthWithOptions(text, twwidth.Options{}) // whatever the user's locale is
}

// Write lays the table out and writes it. It fails only if w does.
func (t *Table) Write(w io.Writer) error {
	var b bytes.Buffer
	if t.Style == Framed {
		if err := t.set(&b, t.rows); err != nil {
			return err
		}
	} else {
		for k := 0; k < len(t.rows); {
			if len(t.rows[k]) < 2 {
				b.WriteString(strings.Join(t.rows[k], "") + "\n")
				k++
				continue
			}
			end := k
			for end < len(t.rows) && len(t.rows[end]) > 1 {
				end++
			}
			if err := t.set(&b, t.rows[k:end]); err != nil {
				return err
			}
			k = end
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
