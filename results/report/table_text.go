package report

import (
	"bytes"
	"fmt"
	"io"

	"fairlb/eval/paper"
	"fairlb/results/text"
)

// MaxWidth is the width, in columns of a terminal, that the text of a table or of
// a figure's data keeps as long as no time reaches 10 000 s.
const MaxWidth = 160

// labels is the number of columns before the values: method, reward, and
// whether the line is ours or the paper's.
const labels = 3

// WriteTableText writes a table for a terminal in the paper's layout: one group
// of columns a period (or rate, or class), one group of rows a method, one row a
// reward. Each row has two lines, ours and the paper's below it, so that the
// two values of a cell stand together. Footnotes follow.
func WriteTableText(w io.Writer, f *paper.Filled, o TableOptions) error {
	table := layoutTable(f, " ± ")
	if table.Width() > MaxWidth {
		table = layoutTable(f, "±")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Table %d. %s\n", f.Number, f.Title)
	if err := table.Write(&b); err != nil {
		return fmt.Errorf("report: table %d: %w", f.Number, err)
	}
	for _, note := range footnotes(f, o, "*", "~") {
		b.WriteString(text.Wrap(note, MaxWidth, noteIndent))
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("report: table %d: %w", f.Number, err)
	}
	return nil
}

// noteIndent is put before all lines of a footnote but the first.
const noteIndent = "    "

// layoutTable lays out the body of a table: the line of sub-headers, then two
// lines a row. pm stands between a mean and its deviation.
func layoutTable(f *paper.Filled, pm string) *text.Table {
	header, groups := []string{"Method", "Reward", ""}, make([]string, labels)
	table := &text.Table{Style: text.Framed}
	for j, c := range f.Columns {
		header, groups = append(header, c.Sub+marks(&f.Table, j)), append(groups, c.Group)
		table.Right(labels + j)
	}
	table.Groups(labels, groups...)
	table.Row(header...)
	for i, r := range f.Rows {
		method := r.Method
		if i > 0 && f.Rows[i-1].Method == method {
			method = ""
		}
		// The heuristics form one group, each learned method another.
		if i == 0 || method != "" && r.Learned() {
			table.Row()
		}
		ours := []string{method, r.Reward, "ours"}
		published := []string{"", "", "paper"}
		for j := range f.Cells[i] {
			c := &f.Cells[i][j]
			mark := ""
			switch {
			case c.Best:
				mark = "*"
			case c.Tied:
				mark = "~"
			}
			ours = append(ours, mark+oursText(c, pm))
			published = append(published, publishedText(c, pm))
		}
		table.Row(ours...)
		table.Row(published...)
	}
	return table
}

// oursText writes the measured value of a cell. pm stands between mean and
// sd; a single run has no sd.
func oursText(c *paper.FilledCell, pm string) string {
	switch {
	case !c.Measured:
		return missing
	case c.Ours.N == 1:
		return seconds(c.Ours.Mean)
	}
	return seconds(c.Ours.Mean) + pm + seconds(c.Ours.SD)
}

// publishedText writes the published value of a cell.
func publishedText(c *paper.FilledCell, pm string) string {
	if !c.Printed {
		return missing
	}
	return seconds(c.Published.Mean) + pm + seconds(c.Published.SD)
}
