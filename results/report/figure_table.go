package report

import (
	"bytes"
	"fmt"
	"io"

	"fairlb/results/text"
)

// MaxWidth is the width, in columns of a terminal, that the text of a figure's data keeps.
const MaxWidth = 160

// figureTable is the data of a figure as a table of text: a title, one line of
// headers, the first columns aligned to the left, the others to the right, and
// notes below.
type figureTable struct {
	title  string
	header []string
	labels int // columns to the left
	rows   [][]string
	notes  []string
}

// write writes the table, and the notes below it, in MaxWidth columns.
func (t *figureTable) write(w io.Writer) error {
	table := text.NewTable(t.header...)
	table.Style = text.Framed
	for k := t.labels; k < len(t.header); k++ {
		table.Right(k)
	}
	for _, row := range t.rows {
		table.Row(row...)
	}
	var b bytes.Buffer
	b.WriteString(t.title + "\n")
	if err := table.Write(&b); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, note := range t.notes {
		b.WriteString(text.Wrap(note, MaxWidth, noteIndent))
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
