package results

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"fairlb/eval/paper"
)

// WriteMarkdown writes a table for a document. A cell is ours, bold where it
// is the best of its column, and the published value in parentheses.
func WriteMarkdown(w io.Writer, t paper.Table, measured Measured, o Options) error {
	g, err := collect(t, measured)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "**Table %d.** %s: ours (paper)\n\n", t.Number, t.Title)
	b.WriteString("| Method | Reward |")
	for j, c := range t.Columns {
		fmt.Fprintf(&b, " %s, %s%s |", c.Group, c.Sub, marks(t, j))
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---:|", len(t.Columns)) + "\n")
	for i, r := range t.Rows {
		fmt.Fprintf(&b, "| %s | %s |", r.Method, r.Reward)
		for _, c := range g[i] {
			ours := c.oursText(" ± ")
			if c.best {
				ours = "**" + ours + "**"
			}
			fmt.Fprintf(&b, " %s (%s) |", ours, c.publishedText(" ± "))
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	for _, note := range footnotes(t, g, o, "Bold") {
		fmt.Fprintf(&b, "- %s\n", note)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("results: table %d: %w", t.Number, err)
	}
	return nil
}
