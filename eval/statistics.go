package eval

import (
	"fmt"
	"strings"
)

// statistics appends a table of what the seeds' means show beside their mean.
func (r *Report) statistics(b *strings.Builder) error {
	t := &textTable{}
	blocks, baseline := r.blocks(), r.baseline()
	byClass := len(blocks) > 1
	if byClass {
		t.column("class", left)
	}
	t.target = t.column("target", left)
	t.column("interquartile mean", right)
	if baseline != "" {
		t.column("P(better than "+baseline+")", right)
	}
	t.column("fairness of load", right)
	for i, block := range blocks {
		if i > 0 {
			t.rows = append(t.rows, make([]string, len(t.header)))
		}
		decimals := blockDecimals(block)
		for j, row := range block {
			var cells []string
			if byClass && j == 0 {
				cells = append(cells, row.Class)
			} else if byClass {
				cells = append(cells, "")
			}
			cells = append(cells, row.target, estimateCell(row.IQM, decimals))
			if baseline != "" {
				cells = append(cells, estimateCell(row.Improvement, 2))
			}
			fair := missing
			if row.PerSeedFairness != nil {
				fair = fixed(row.Fairness, 3) + " ± " + fixed(row.SDFairness, 3)
			}
			t.rows = append(t.rows, append(cells, fair))
		}
	}
	t.fit(textWidth)
	b.WriteByte('\n')
	return t.render(b)
}

func estimateCell(e *Estimate, decimals int) string {
	if e == nil {
		return missing
	}
	return fmt.Sprintf("%s [%s, %s]", fixed(e.Value, decimals), fixed(e.Lo, decimals), fixed(e.Hi, decimals))
}

// statisticsCaption says what the numbers are.
func statisticsCaption(baseline string) string {
	text := "interquartile mean: of the seeds' means, without the lowest and the highest quarter of them"
	if baseline != "" {
		text += fmt.Sprintf("; P(better than %s): the part of the seeds whose mean is less than %s's", baseline, baseline)
	}
	return text + "; with their 95 % bootstrap intervals over seeds. fairness of load: Jain's index of the work that each " +
		"server has left over its capacity, mean ± sd over seeds; 1: all would finish together."
}
