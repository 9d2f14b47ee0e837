package report

import (
	"bytes"
	"fmt"
	"io"

	"fairlb/eval/paper"
	"fairlb/results/text"
)

// TableWidth is the width, in columns of a terminal, that the text of a table keeps as
// long as no time reaches 10 000 s.
const TableWidth = 120

// WriteTableText writes a table for a terminal, block by block: a period with its two
// classes of pages beside each other, or two traffic rates; of a live table one column. A row is a method with its
// reward, and of each column it has ours beside the published value, both also over SED's.
// Footnotes follow.
func WriteTableText(w io.Writer, f *paper.Filled, o TableOptions) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Table %d. %s\n", f.Number, f.Title)
	for _, part := range blocks(f) {
		b.WriteByte('\n')
		if part.title != "" {
			b.WriteString(part.title + "\n")
		}
		if err := layoutBlock(f, part.columns).Write(&b); err != nil {
			return fmt.Errorf("report: table %d: %w", f.Number, err)
		}
	}
	b.WriteByte('\n')
	for _, note := range footnotes(f, o) {
		b.WriteString(text.Wrap(note, TableWidth, noteIndent))
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("report: table %d: %w", f.Number, err)
	}
	return nil
}

// noteIndent is put before all lines of a footnote but the first.
const noteIndent = "    "

// layoutBlock lays out some columns of a table, in all rows.
func layoutBlock(f *paper.Filled, columns []int) *text.Table {
	rowHeader, labels := rowLabels(f.Rows)
	header, groups := []string{rowHeader}, []string{""}
	table := &text.Table{Style: text.Framed}
	for _, j := range columns {
		for _, part := range cellParts(f) {
			table.Right(len(header))
			header = append(header, fmt.Sprintf("%*s", part.width, part.name))
			groups = append(groups, f.Columns[j].Sub+marks(&f.Table, j))
		}
	}
	table.Groups(groups...)
	table.Row(header...)
	for i := range f.Rows {
		if beginsGroup(f.Rows, i) {
			table.Row()
		}
		row := []string{labels[i]}
		for _, j := range columns {
			row = append(row, cellText(f, i, j, "±")...)
		}
		table.Row(row...)
	}
	return table
}
