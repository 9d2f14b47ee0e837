package report

import (
	"fmt"

	"fairlb/eval"
	"fairlb/results/text"
)

// statistics is the table of what the seeds' means show beside their mean.
func (t *evaluationText) statistics() *text.Table {
	columns := []string{"interquartile mean"}
	if t.baseline != "" {
		columns = append(columns, "P(better than "+t.baseline+")")
	}
	return t.table(append(columns, "fairness of load"), func(block int, row row) []string {
		cells := []string{estimateCell(row.IQM, blockDecimals(t.blocks[block]))}
		if t.baseline != "" {
			cells = append(cells, estimateCell(row.Improvement, 2))
		}
		fair := missing
		if row.PerSeedFairness != nil {
			fair = fixed(row.Fairness, 3) + " ± " + fixed(row.SDFairness, 3)
		}
		return append(cells, fair)
	})
}

func estimateCell(e *eval.Estimate, decimals int) string {
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
