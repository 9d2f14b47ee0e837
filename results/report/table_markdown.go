package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"fairlb/eval"
	"fairlb/eval/paper"
)

// WriteTableMarkdown writes a table for a document. A cell has our value, bold where it
// is the best of its column and in italics where it ties with the best, and the
// published value in parentheses. A second table has the ratios to SED, which can be
// compared where times cannot: the paper's are of a testbed, ours of a simulation.
func WriteTableMarkdown(w io.Writer, f *paper.Filled, o TableOptions) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "**Table %d.** %s: ours (paper)\n\n", f.Number, f.Title)
	markdownGrid(&b, f, func(i, j int) (ours, published string) {
		c := &f.Cells[i][j]
		ours, published = oursText(c, " ± "), publishedText(c, " ± ")
		switch {
		case c.Best:
			ours = "**" + ours + "**"
		case c.Tied:
			ours = "*" + ours + "*"
		}
		return ours, published
	})
	if sed := slices.IndexFunc(f.Rows, func(r paper.Row) bool { return r.MethodID == "sed" }); sed >= 0 {
		fmt.Fprintf(&b, "Ratios to SED: ours, the geometric mean over evaluation seeds, ~ where its %g %% interval has 1 (paper: of the means)\n\n", 100-100*eval.TieLevel)
		markdownGrid(&b, f, func(i, j int) (ours, published string) {
			c, base := &f.Cells[i][j], &f.Cells[sed][j]
			ours, published = missing, missing
			if c.Measured && base.Measured {
				ours = oursRatio(c.Ours, base.Ours)
			}
			if c.Printed && base.Printed {
				published = fmt.Sprintf("%.3f", c.Published.Mean/base.Published.Mean)
			}
			return ours, published
		})
	}
	for _, note := range footnotes(f, o, "Bold", "Italics") {
		fmt.Fprintf(&b, "- %s\n", note)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("report: table %d: %w", f.Number, err)
	}
	return nil
}

// markdownGrid writes the rows and columns of a table. text returns our value and the
// published one of row i and column j.
func markdownGrid(b *bytes.Buffer, f *paper.Filled, text func(i, j int) (ours, published string)) {
	table := &markdownTable{header: []string{"Method", "Reward"}, labels: 2}
	for j, c := range f.Columns {
		table.header = append(table.header, c.Group+", "+c.Sub+marks(&f.Table, j))
	}
	for i, r := range f.Rows {
		cells := []string{r.Method, r.Reward}
		for j := range f.Columns {
			ours, published := text(i, j)
			cells = append(cells, ours+" ("+published+")")
		}
		table.row(cells...)
	}
	table.write(b)
}

// oursRatio writes the ratio of two of our values: the paired ratio, marked if it is
// not significant, or that of the means if the runs do not pair.
func oursRatio(v, base paper.Value) string {
	ratio, significant, ok := eval.PairedRatio(v.Runs, base.Runs)
	switch {
	case !ok:
		return fmt.Sprintf("%.3f", v.Mean/base.Mean)
	case !significant && ratio != 1:
		return fmt.Sprintf("~%.3f", ratio)
	}
	return fmt.Sprintf("%.3f", ratio)
}
