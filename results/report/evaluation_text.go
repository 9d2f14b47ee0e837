package report

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"fairlb/eval"
	"fairlb/results/text"
)

const (
	textWidth   = 120 // columns that the text of an evaluation keeps within
	shortTarget = 10  // a target's name is not cut below this

	markBest = "* " // marks the least mean of a class
	markNone = "~ " // marks a difference whose interval includes 0
)

// WriteEvaluationText writes an evaluation as a table for people: a block of
// rows a class, a row a target, and below it what the numbers are, and any notes
// and warnings. To keep to 120 columns it shortens long target names from the
// middle. With statistics a second table has what else is known of the seeds'
// means: interquartile means, probabilities of improvement, fairness of load.
func WriteEvaluationText(w io.Writer, e *eval.Evaluation, statistics bool) error {
	t := newEvaluationText(e)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: completion time in s\n\n", e.Scenario)
	if err := t.figures().Write(&b); err != nil {
		return err
	}
	if statistics {
		b.WriteByte('\n')
		if err := t.statistics().Write(&b); err != nil {
			return err
		}
	}
	paragraph := func(line string) { b.WriteString(text.Wrap(line, textWidth, "")) }
	for _, line := range t.groupLines() {
		b.WriteByte('\n')
		paragraph(line)
	}
	b.WriteByte('\n')
	paragraph(t.caption())
	if statistics {
		paragraph(statisticsCaption(t.baseline))
	}
	for _, note := range e.Notes {
		paragraph("note: " + note)
	}
	for _, warning := range t.warnings() {
		paragraph("warning: " + warning)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// evaluationText is an evaluation as its text lays it out.
type evaluationText struct {
	*eval.Evaluation
	blocks   [][]row // the figures by class, in the order in which classes appear
	baseline string  // the name that differences are taken to; empty without any
}

// row is one target's figures of one class.
type row struct {
	target string
	*eval.Figures
}

func newEvaluationText(e *eval.Evaluation) *evaluationText {
	t := &evaluationText{Evaluation: e}
	index := make(map[string]int)
	for i := range e.Results {
		for j := range e.Results[i].Classes {
			f := &e.Results[i].Classes[j]
			k, known := index[f.Class]
			if !known {
				k = len(t.blocks)
				index[f.Class] = k
				t.blocks = append(t.blocks, nil)
			}
			t.blocks[k] = append(t.blocks[k], row{e.Results[i].Target, f})
		}
	}
	for _, block := range t.blocks {
		for _, row := range block {
			if row.VsSED != nil && t.baseline == "" {
				t.baseline = row.VsSED.Baseline
			}
		}
	}
	return t
}

// table lays out a row a class and target: the class if there are several, the
// target's name, and the cells of the given columns, which are numbers.
func (t *evaluationText) table(columns []string, cells func(block int, row row) []string) *text.Table {
	header := append([]string{"target"}, columns...)
	byClass := len(t.blocks) > 1
	target := 0
	if byClass {
		header, target = append([]string{"class"}, header...), 1
	}
	table := text.NewTable(header...)
	table.Style = text.Ruled
	for k := range columns {
		table.Right(target + 1 + k)
	}
	for i, block := range t.blocks {
		if i > 0 {
			table.Row(make([]string, len(header))...)
		}
		for j, row := range block {
			line := append([]string{row.target}, cells(i, row)...)
			if byClass {
				class := ""
				if j == 0 {
					class = row.Class
				}
				line = append([]string{class}, line...)
			}
			table.Row(line...)
		}
	}
	table.Fit(textWidth, shortTarget, text.Middle, target)
	return table
}

// figures is the table of completion times.
func (t *evaluationText) figures() *text.Table {
	mean := "mean"
	if len(t.Seeds) > 1 {
		mean = "mean ± sd"
	}
	columns := []string{"requests", "failed %", mean, "p50", "p90", "p99"}
	var versus []string // of all rows
	if t.baseline != "" {
		columns = append(columns, "vs "+t.baseline)
		versus = versusCells(t.blocks)
	}
	var means []string // of all rows
	decimals := make([]int, len(t.blocks))
	for i, block := range t.blocks {
		decimals[i] = blockDecimals(block)
		means = append(means, meanCells(block, decimals[i], len(t.Seeds) > 1)...)
	}
	k := 0
	return t.table(columns, func(block int, row row) []string {
		cells := []string{strconv.FormatUint(row.N, 10), failedCell(row.Figures), means[k]}
		for _, x := range []float64{row.P50, row.P90, row.P99} {
			cells = append(cells, fixed(x, decimals[block]))
		}
		if t.baseline != "" {
			cells = append(cells, versus[k])
		}
		k++
		return cells
	})
}

// blockDecimals returns with how many decimals, 3 to 6, the least mean of a class has
// three significant digits.
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

// meanCells returns the cells of the means of one class, with their deviations if
// deviations says so; the least of several is marked.
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

// versusCells returns the cells of the differences to the baseline, of the rows of all
// blocks, in percent of the baseline's mean.
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

// signedPercent writes a difference in percent with one decimal, or with none from
// 100 % on.
func signedPercent(x float64) string {
	if math.Abs(x) >= 99.95 {
		return fmt.Sprintf("%+.0f", x)
	}
	return fmt.Sprintf("%+.1f", x)
}

// failedCell writes which part of the requests failed, in percent.
func failedCell(f *eval.Figures) string {
	percent := 100 * float64(f.Failed) / float64(f.N)
	switch {
	case f.Failed == 0:
		return "0"
	case percent < 0.01:
		return "<0.01"
	}
	return fixed(percent, 2)
}

// alignParts joins the parts of each cell, such as a mean and its deviation. The k-th
// parts of all cells are made equally wide by blanks before them, so that numbers
// stand below numbers. A cell of a single part stays as it is.
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
func (t *evaluationText) caption() string {
	var b strings.Builder
	b.WriteString(text.Count(len(t.Seeds), "seed"))
	if list := text.Seeds(t.Seeds); len(list) <= 40 {
		b.WriteString(" (" + list + ")")
	}
	if t.DurationS > 0 {
		b.WriteString(" of " + text.Exact(t.DurationS) + " s")
	}
	b.WriteString(", the same arrivals for every target. ")
	if len(t.Seeds) > 1 {
		b.WriteString("mean ± sd: of the seeds' means. ")
	}
	b.WriteString("p50, p90, p99: of all requests together. A failed request counts at its timeout.")
	if len(t.Results) > 1 {
		b.WriteString(" " + strings.TrimSpace(markBest) + " the least mean.")
	}
	if len(t.Results) > 0 && t.Results[0].OneWorkload {
		b.WriteString(" All seeds are one workload: there are no intervals over them.")
	}
	if t.baseline != "" {
		fmt.Fprintf(&b, " vs %s: difference of the means, paired by seed, with its 95 %% interval; "+
			"%s the interval includes 0.", t.baseline, strings.TrimSpace(markNone))
	}
	return b.String()
}

// groupLines returns a sentence for each class of each group of training runs: their
// mean and its difference to the baseline, with intervals over runs and seeds.
func (t *evaluationText) groupLines() []string {
	var lines []string
	for _, g := range t.Groups {
		for _, f := range g.Classes {
			var b strings.Builder
			note := "95 % intervals over training runs"
			if len(t.Seeds) > 1 {
				note += " and seeds"
			}
			if len(t.Results) > 0 && t.Results[0].OneWorkload {
				note = "95 % intervals over training runs, on one workload"
			}
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

// warnings lists the warnings of the evaluation and of its results.
func (t *evaluationText) warnings() []string {
	all := slices.Clone(t.Warnings)
	for i := range t.Results {
		all = append(all, t.Results[i].Warnings...)
	}
	return all
}
