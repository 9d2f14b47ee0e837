package results

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"fairlb/eval/paper"
)

// WriteMarkdown writes a table for a document. A cell is ours, bold where it
// is the best of its column, in italics where it ties with that, and the
// published value in parentheses. A second table has the ratios to SED, for the
// testbed's times are not the twin's.
func WriteMarkdown(w io.Writer, t paper.Table, measured Measured, o Options) error {
	g, err := collect(t, measured)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "**Table %d.** %s: ours (paper)\n\n", t.Number, t.Title)
	markdownGrid(&b, t, func(i, j int) (ours, published string) {
		c := g[i][j]
		ours, published = c.oursText(" ± "), c.publishedText(" ± ")
		switch {
		case c.best:
			ours = "**" + ours + "**"
		case c.tied:
			ours = "*" + ours + "*"
		}
		return ours, published
	})
	if sed := slices.IndexFunc(t.Rows, func(r paper.Row) bool { return r.MethodID == "sed" }); sed >= 0 {
		fmt.Fprintf(&b, "Ratios to SED: ours, the geometric mean over evaluation seeds, ~ where its %g %% interval has 1 (paper: of the means)\n\n", 100-100*tieLevel)
		markdownGrid(&b, t, func(i, j int) (ours, published string) {
			c, base := g[i][j], g[sed][j]
			ours, published = missing, missing
			if c.measured && base.measured {
				ours = oursRatio(c.ours, base.ours)
			}
			if c.printed && base.printed {
				published = fmt.Sprintf("%.3f", c.published.Mean/base.published.Mean)
			}
			return ours, published
		})
	}
	for _, note := range footnotes(t, g, o, "Bold", "Italics") {
		fmt.Fprintf(&b, "- %s\n", note)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("results: table %d: %w", t.Number, err)
	}
	return nil
}

// markdownGrid writes the rows and columns of a table, with what text gives for
// row i and column j.
func markdownGrid(b *bytes.Buffer, t paper.Table, text func(i, j int) (ours, published string)) {
	b.WriteString("| Method | Reward |")
	for j, c := range t.Columns {
		fmt.Fprintf(b, " %s, %s%s |", c.Group, c.Sub, marks(t, j))
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---:|", len(t.Columns)) + "\n")
	for i, r := range t.Rows {
		fmt.Fprintf(b, "| %s | %s |", r.Method, r.Reward)
		for j := range t.Columns {
			ours, published := text(i, j)
			fmt.Fprintf(b, " %s (%s) |", ours, published)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

// oursRatio is the paired ratio of two cells, or that of their means where
// nothing pairs them.
func oursRatio(v, base Value) string {
	ratio, significant, ok := pairedRatio(v, base)
	switch {
	case !ok:
		return fmt.Sprintf("%.3f", v.Mean/base.Mean)
	case !significant && ratio != 1:
		return fmt.Sprintf("~%.3f", ratio)
	}
	return fmt.Sprintf("%.3f", ratio)
}
