package report

import (
	"bytes"
	"slices"
	"strings"
)

// markdownTable is a table of a Markdown document in the making.
type markdownTable struct {
	header []string
	labels int // columns to the left; the others are to the right
	rows   [][]string
}

// newMarkdownTable returns a table with that header, all columns to the left.
func newMarkdownTable(header ...string) *markdownTable {
	return &markdownTable{header: header, labels: len(header)}
}

// row adds a row.
func (t *markdownTable) row(cells ...string) { t.rows = append(t.rows, slices.Clone(cells)) }

// write appends the table, and an empty line.
func (t *markdownTable) write(b *bytes.Buffer) {
	for _, name := range t.header {
		b.WriteString("|")
		if name != "" {
			b.WriteString(" " + name)
		}
		b.WriteString(" ")
	}
	b.WriteString("|\n|" + strings.Repeat("---|", t.labels) + strings.Repeat("---:|", len(t.header)-t.labels) + "\n")
	for _, row := range t.rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	b.WriteByte('\n')
}
