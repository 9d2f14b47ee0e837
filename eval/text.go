package eval

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	textWidth   = 120 // columns that WriteText keeps within
	shortTarget = 10  // a target's name is not cut below this

	markBest = "* " // the least mean of a class
	markNone = "~ " // a difference that may be none
	missing  = "-"
)

// WriteText writes the report as a table for people: a block of rows per
// class, a row per target, and below it what the numbers are, and any
// notes and warnings. To keep to 120 columns it cuts long target names at the front.
func (r *Report) WriteText(w io.Writer) error {
	table := r.textTable()
	table.fit(textWidth)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: completion time in s\n\n", r.Scenario)
	if err := table.render(&b); err != nil {
		return err
	}
	if r.Statistics {
		if err := r.statistics(&b); err != nil {
			return err
		}
	}
	for _, line := range r.groupLines() {
		b.WriteString("\n" + wrap(line, textWidth))
	}
	b.WriteString("\n" + wrap(r.caption(), textWidth))
	if r.Statistics {
		b.WriteString(wrap(statisticsCaption(r.baseline()), textWidth))
	}
	for _, note := range r.Notes {
		b.WriteString(wrap("note: "+note, textWidth))
	}
	for _, warning := range r.warnings() {
		b.WriteString(wrap("warning: "+warning, textWidth))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// row is one target's figures of one class.
type row struct {
	target string
	*Figures
}

// blocks groups the figures by class, in the order in which classes appear.
func (r *Report) blocks() [][]row {
	var blocks [][]row
	index := make(map[string]int)
	for i := range r.Results {
		for j := range r.Results[i].Classes {
			f := &r.Results[i].Classes[j]
			k, known := index[f.Class]
			if !known {
				k = len(blocks)
				index[f.Class] = k
				blocks = append(blocks, nil)
			}
			blocks[k] = append(blocks[k], row{r.Results[i].Target, f})
		}
	}
	return blocks
}

// baseline is the name that differences are taken to; empty without any.
func (r *Report) baseline() string {
	for _, block := range r.blocks() {
		for _, row := range block {
			if row.VsSED != nil {
				return row.VsSED.Baseline
			}
		}
	}
	return ""
}

func (r *Report) textTable() *textTable {
	t := &textTable{}
	blocks := r.blocks()
	byClass, baseline := len(blocks) > 1, r.baseline()
	if byClass {
		t.column("class", left)
	}
	t.target = t.column("target", left)
	t.column("requests", right)
	t.column("failed %", right)
	if len(r.Seeds) > 1 {
		t.column("mean ± sd", right)
	} else {
		t.column("mean", right)
	}
	t.column("p50", right)
	t.column("p90", right)
	t.column("p99", right)
	if baseline != "" {
		t.column("vs "+baseline, right)
	}

	var versus []string
	if baseline != "" {
		versus = versusCells(blocks)
	}
	for i, block := range blocks {
		if i > 0 {
			t.rows = append(t.rows, make([]string, len(t.header)))
		}
		decimals := blockDecimals(block)
		means := meanCells(block, decimals, len(r.Seeds) > 1)
		for j, row := range block {
			var cells []string
			if byClass && j == 0 {
				cells = append(cells, row.Class)
			} else if byClass {
				cells = append(cells, "")
			}
			cells = append(cells, row.target, strconv.FormatUint(row.N, 10), failedCell(row.Figures), means[j])
			for _, x := range []float64{row.P50, row.P90, row.P99} {
				cells = append(cells, fixed(x, decimals))
			}
			if baseline != "" {
				cells = append(cells, versus[0])
				versus = versus[1:]
			}
			t.rows = append(t.rows, cells)
		}
	}
	return t
}

// blockDecimals is how many decimals give the least mean of a class three
// significant digits: 3 to 6.
func blockDecimals(block []row) int {
	least := math.Inf(1)
	for _, row := range block {
		least = min(least, row.Mean)
	}
	if !(least > 0) {
		return 3
	}
	return min(max(2-int(math.Floor(math.Log10(least))), 3), 6)
}

// meanCells are the means of one class, with their deviations if deviations
// says so; of several, the least is marked.
func meanCells(block []row, decimals int, deviations bool) []string {
	least := math.Inf(1)
	for _, row := range block {
		least = min(least, row.Mean)
	}
	var parts [][]string
	for _, row := range block {
		cell := []string{"", fixed(row.Mean, decimals)}
		if len(block) > 1 && row.Mean == least {
			cell[0] = markBest
		}
		if deviations {
			cell = append(cell, " ± ", fixed(row.SD, decimals))
		}
		parts = append(parts, cell)
	}
	return alignParts(parts)
}

// versusCells are the differences to the baseline of all rows, in percent of
// the baseline's mean.
func versusCells(blocks [][]row) []string {
	var parts [][]string
	for _, block := range blocks {
		for _, row := range block {
			d := row.VsSED
			switch {
			case row.IsBaseline:
				parts = append(parts, []string{"baseline"})
			case d == nil || d.Base == 0:
				parts = append(parts, []string{missing})
			default:
				percent := func(x float64) string { return signedPercent(100 * x / d.Base) }
				mark := markNone
				if d.Significant {
					mark = ""
				}
				parts = append(parts, []string{mark, percent(d.Diff), " % [", percent(d.Lo), ", ", percent(d.Hi), "]"})
			}
		}
	}
	return alignParts(parts)
}

// signedPercent gives a difference one decimal, or none from 100 % on.
func signedPercent(x float64) string {
	if math.Abs(x) >= 99.95 {
		return fmt.Sprintf("%+.0f", x)
	}
	return fmt.Sprintf("%+.1f", x)
}

// failedCell is the share of requests that failed, in percent.
func failedCell(f *Figures) string {
	percent := 100 * float64(f.Failed) / float64(f.N)
	switch {
	case f.Failed == 0:
		return "0"
	case percent < 0.01:
		return "<0.01"
	}
	return fixed(percent, 2)
}

func fixed(x float64, decimals int) string {
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

// alignParts joins the parts of each cell after padding them, on the left, to
// the widest of their place, so that numbers stand below numbers. Cells of a
// single part stay as they are.
func alignParts(cells [][]string) []string {
	var widths []int
	for _, parts := range cells {
		for k, part := range parts {
			if k == len(widths) {
				widths = append(widths, 0)
			}
			if len(parts) > 1 {
				widths[k] = max(widths[k], utf8.RuneCountInString(part))
			}
		}
	}
	out := make([]string, len(cells))
	for i, parts := range cells {
		if len(parts) > 1 {
			for k, part := range parts {
				out[i] += strings.Repeat(" ", widths[k]-utf8.RuneCountInString(part)) + part
			}
		} else {
			out[i] = parts[0]
		}
	}
	return out
}

// caption says what the numbers are.
func (r *Report) caption() string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(len(r.Seeds)) + " seed")
	if len(r.Seeds) != 1 {
		b.WriteString("s")
	}
	if list := FormatSeeds(r.Seeds); len(list) <= 40 {
		b.WriteString(" (" + list + ")")
	}
	if r.DurationS > 0 {
		b.WriteString(" of " + exact(r.DurationS) + " s")
	}
	b.WriteString(", the same arrivals for every target. ")
	if len(r.Seeds) > 1 {
		b.WriteString("mean ± sd: of the seeds' means. ")
	}
	b.WriteString("p50, p90, p99: of all requests together. A failed request counts at its timeout.")
	if len(r.Results) > 1 {
		b.WriteString(" " + strings.TrimSpace(markBest) + " the least mean.")
	}
	if baseline := r.baseline(); baseline != "" {
		fmt.Fprintf(&b, " vs %s: difference of the means, paired by seed, with its 95 %% interval; "+
			"%s the interval includes 0.", baseline, strings.TrimSpace(markNone))
	}
	return b.String()
}

// groupLines say, for each class of each group, what its training runs came
// to: their mean and difference to the baseline, with intervals over runs.
func (r *Report) groupLines() []string {
	var lines []string
	for _, g := range r.Groups {
		for _, f := range g.Classes {
			var b strings.Builder
			note := "95 % intervals over training runs"
			fmt.Fprintf(&b, "%d training runs of %s", g.Runs, g.Name)
			if len(g.Classes) > 1 {
				b.WriteString(", " + f.Class)
			}
			fmt.Fprintf(&b, ": mean %.4g s", f.Mean)
			if f.Interval != nil {
				fmt.Fprintf(&b, " [%.4g, %.4g]", f.Interval.Lo, f.Interval.Hi)
			}
			if d := f.VsSED; d != nil && d.Base > 0 {
				percent := func(x float64) string { return signedPercent(100 * x / d.Base) }
				mark := ""
				if !d.Significant {
					mark = markNone
					note += "; " + strings.TrimSpace(markNone) + " the interval includes 0"
				}
				fmt.Fprintf(&b, ", vs %s %s%s %% [%s, %s]", d.Baseline, mark, percent(d.Diff), percent(d.Lo), percent(d.Hi))
			}
			lines = append(lines, b.String()+" ("+note+").")
		}
	}
	return lines
}

// warnings are those of the report and of its results.
func (r *Report) warnings() []string {
	all := append([]string(nil), r.Warnings...)
	for i := range r.Results {
		all = append(all, r.Results[i].Warnings...)
	}
	return all
}

// wrap breaks text between words into lines of at most width columns.
func wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
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
