package results

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"fairlb/eval/paper"
)

// MaxWidth is the width, in columns of a terminal, that a text table keeps
// as long as no time reaches 10 000 s.
const MaxWidth = 160

// labels is the number of columns before the values: method, reward, and
// whether the line is ours or the paper's.
const labels = 3

// WriteText writes a table for a terminal in the paper's layout: one group of
// columns a period (or rate, or class), one group of rows a method, one row a
// reward. Each row has two lines, ours and the paper's below it, so that the
// two values of a cell stand together. Footnotes follow.
func WriteText(w io.Writer, t paper.Table, measured Measured, o Options) error {
	g, err := collect(t, measured)
	if err != nil {
		return err
	}
	lines := textLines(t, g, " ± ")
	widths := textWidths(t, lines)
	if total(widths) > MaxWidth {
		lines = textLines(t, g, "±")
		widths = textWidths(t, lines)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Table %d. %s\n", t.Number, t.Title)
	if err := renderText(&b, t, lines, widths); err != nil {
		return fmt.Errorf("results: table %d: %w", t.Number, err)
	}
	for _, note := range footnotes(t, g, o, "*", "~") {
		b.WriteString(wrap(note, MaxWidth))
	}
	if _, err := w.Write(trimLines(b.Bytes())); err != nil {
		return fmt.Errorf("results: table %d: %w", t.Number, err)
	}
	return nil
}

// textLines returns the body of a table: the line of sub-headers, then two
// lines a row, with a nil line where a rule goes.
func textLines(t paper.Table, g grid, pm string) [][]string {
	header := []string{"Method", "Reward", ""}
	for j, c := range t.Columns {
		header = append(header, c.Sub+marks(t, j))
	}
	lines := [][]string{header}
	for i, r := range t.Rows {
		method := r.Method
		if i > 0 && t.Rows[i-1].Method == method {
			method = ""
		}
		// The heuristics form one group, each learned method another.
		if i == 0 || method != "" && r.Learned() {
			lines = append(lines, nil)
		}
		ours := []string{method, r.Reward, "ours"}
		published := []string{"", "", "paper"}
		for _, c := range g[i] {
			text := c.oursText(pm)
			switch {
			case c.best:
				text = "*" + text
			case c.tied:
				text = "~" + text
			}
			ours = append(ours, text)
			published = append(published, c.publishedText(pm))
		}
		lines = append(lines, ours, published)
	}
	return lines
}

// textWidths returns the width of each column, without padding. Columns of
// values are equally wide, and wide enough for the headers of their groups.
func textWidths(t paper.Table, lines [][]string) []int {
	widths := make([]int, labels+len(t.Columns))
	value := 0
	for _, line := range lines {
		for k, text := range line {
			n := utf8.RuneCountInString(text)
			if k >= labels {
				value = max(value, n)
			} else {
				widths[k] = max(widths[k], n)
			}
		}
	}
	for j := 0; j < len(t.Columns); {
		span := groupSpan(t, j)
		// The padding between the columns of a group holds text as well.
		need := utf8.RuneCountInString(t.Columns[j].Group) - padding*(span-1)
		value = max(value, (need+span-1)/span)
		j += span
	}
	for k := labels; k < len(widths); k++ {
		widths[k] = value
	}
	return widths
}

// groupSpan counts the columns from j on that share the group of column j.
func groupSpan(t paper.Table, j int) int {
	span := 1
	for j+span < len(t.Columns) && t.Columns[j+span].Group == t.Columns[j].Group {
		span++
	}
	return span
}

// padding is the blank space that a column adds to its width, both sides.
const padding = 2

func total(widths []int) int {
	sum := 0
	for _, w := range widths {
		sum += w + padding
	}
	return sum
}

// renderText writes headers and body. The line of groups is the table's
// header, whose equal neighbours are merged; the rest are rows.
func renderText(w io.Writer, t paper.Table, lines [][]string, widths []int) error {
	columnWidths := tw.NewMapper[int, int]()
	align := make([]tw.Align, len(widths))
	for k, width := range widths {
		columnWidths.Set(k, width+padding)
		align[k] = tw.AlignRight
		if k < labels {
			align[k] = tw.AlignLeft
		}
	}
	cells := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Padding:    tw.CellPadding{Global: tw.PaddingDefault},
		Alignment:  tw.CellAlignment{PerColumn: align},
	}
	header := cells
	// Its successor, Merging.Mode, cuts the text to one column in v1.1.5.
	//lint:ignore SA1019 merges as wanted
	header.Formatting.MergeMode = tw.MergeHorizontal
	header.Alignment = tw.CellAlignment{Global: tw.AlignCenter}
	table := tablewriter.NewTable(w,
		tablewriter.WithEastAsian(tw.Off), // widths must not follow the user's locale
		tablewriter.WithHeaderConfig(header),
		tablewriter.WithRowConfig(cells),
		tablewriter.WithColumnWidths(columnWidths),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.On, Bottom: tw.On},
			Symbols: tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off},
				Lines:      tw.Lines{ShowTop: tw.On, ShowHeaderLine: tw.Off, ShowBottom: tw.On},
			},
		})),
	)
	groups := make([]string, labels, len(widths))
	for _, c := range t.Columns {
		groups = append(groups, c.Group)
	}
	table.Header(groups)
	for _, line := range lines {
		if line == nil {
			line = rule(widths)
		}
		if err := table.Append(line); err != nil {
			return err
		}
	}
	return table.Render()
}

// rule returns a line of dashes as wide as the columns.
func rule(widths []int) []string {
	line := make([]string, len(widths))
	for k, width := range widths {
		line[k] = strings.Repeat("─", width)
	}
	return line
}

// wrap breaks a note at blanks so that no line is wider than width, and
// indents all lines but the first.
func wrap(note string, width int) string {
	const indent = "    "
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(note) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > width:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteByte('\n')
	return b.String()
}

// trimLines removes the blanks at the end of each line.
func trimLines(text []byte) []byte {
	lines := bytes.Split(text, []byte("\n"))
	for i, line := range lines {
		lines[i] = bytes.TrimRight(line, " ")
	}
	return bytes.Join(lines, []byte("\n"))
}
