package report

import (
	"bytes"
	"fmt"
	"io"

	"fairlb/eval/paper"
)

// WriteTableMarkdown writes a table for a document, in the blocks of WriteTableText.
func WriteTableMarkdown(w io.Writer, f *paper.Filled, o TableOptions) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "**Table %d.** %s\n\n", f.Number, f.Title)
	for _, part := range blocks(f) {
		if part.title != "" {
			fmt.Fprintf(&b, "**%s**\n\n", part.title)
		}
		table := &markdownTable{header: []string{"Method", "Reward"}, labels: 2}
		for _, j := range part.columns {
			for _, name := range cellHeader(f) {
				table.header = append(table.header, f.Columns[j].Sub+marks(&f.Table, j)+", "+name)
			}
		}
		for i, r := range f.Rows {
			cells := []string{r.Method, r.Reward}
			for _, j := range part.columns {
				cells = append(cells, cellText(f, i, j, " ± ")...)
			}
			table.row(cells...)
		}
		table.write(&b)
	}
	for _, note := range footnotes(f, o) {
		fmt.Fprintf(&b, "- %s\n", note)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("report: table %d: %w", f.Number, err)
	}
	return nil
}
