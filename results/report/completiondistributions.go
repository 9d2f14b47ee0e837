package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/figure"
	"fairlb/results/text"
)

// WriteCompletionDistributionsText writes quantiles of completion times by test
// case as a table for a terminal.
func WriteCompletionDistributionsText(w io.Writer, d *figure.CompletionDistributions) error {
	table := figureTable{
		title:  d.Figure + ". Completion times by test case, s",
		header: []string{"test case", "class", "target", "runs", "requests", "failed", "mean", "p50", "p90", "p95", "p99"},
		labels: 3,
		notes: append([]string{fmt.Sprintf("Of the requests of %d seeds of %g s, and of all training runs of a policy, together; a failed one counts at its timeout.",
			d.Seeds(), d.Duration)}, d.Notes...),
	}
	for _, c := range d.Cases {
		names := text.Labels(c.TargetNames())
		for class, name := range c.Classes {
			for k, t := range c.Targets {
				x := t.ByClass[class]
				if x.N == 0 {
					continue
				}
				runs := "-"
				if t.Runs > 0 {
					runs = strconv.Itoa(t.Runs)
				}
				row := []string{c.Scenario, name, names[k], runs, strconv.Itoa(x.N), failedText(&x), seconds(x.Mean)}
				for _, p := range []float64{0.5, 0.9, 0.95, 0.99} {
					row = append(row, seconds(x.Quantile(p)))
				}
				table.rows = append(table.rows, row)
			}
		}
	}
	return table.write(w)
}

// WriteCompletionDistributionsCSV writes one row a test case, class and target: numbers of
// requests, their mean, and the quantiles of the completion times in s, to six digits. A
// column all_P is the quantile at the part P of all requests, a failed one at its timeout;
// done_P is of those that did not fail, and empty where none failed, so that both are the
// same, or where all did.
func WriteCompletionDistributionsCSV(w io.Writer, d *figure.CompletionDistributions) error {
	out := csv.NewWriter(w)
	header := []string{"case", "scenario", "class", "target", "runs", "requests", "failed", "mean_s", "longest_done_s"}
	for _, done := range []bool{false, true} {
		for _, p := range figure.Quantiles() {
			header = append(header, figure.QuantileColumn(done, p))
		}
	}
	rows := [][]string{header}
	for _, c := range d.Cases {
		for class, name := range c.Classes {
			for _, t := range c.Targets {
				x := &t.ByClass[class]
				if x.N == 0 {
					continue
				}
				row := []string{c.Name, c.Scenario, name, t.Name, strconv.Itoa(t.Runs), strconv.Itoa(x.N), strconv.Itoa(x.Failed), text.Exact(x.Mean), longestText(x)}
				rows = append(rows, append(append(row, quantileTexts(x.All, true)...), quantileTexts(x.Done, x.Failed > 0)...))
			}
		}
	}
	return out.WriteAll(rows)
}

// quantileTexts writes the quantiles of a distribution, which are empty if there are none or
// they are not wanted.
func quantileTexts(list []float64, wanted bool) []string {
	out := make([]string, len(figure.Quantiles()))
	for k := range out {
		if wanted && len(list) > 0 {
			out[k] = strconv.FormatFloat(list[k], 'g', 6, 64)
		}
	}
	return out
}

// failedText writes which part of the requests failed, in percent.
func failedText(c *figure.Distribution) string {
	return strconv.FormatFloat(100*float64(c.Failed)/float64(c.N), 'f', 2, 64) + " %"
}

// longestText writes the longest time of a request that did not fail; it is empty if
// all failed.
func longestText(c *figure.Distribution) string {
	if len(c.Done) == 0 {
		return ""
	}
	return text.Exact(c.Longest)
}

// doneText writes the k-th quantile of the requests that did not fail; it is empty if
// all failed.
func doneText(c *figure.Distribution, k int) string {
	if len(c.Done) == 0 {
		return ""
	}
	return text.Exact(c.Done[k])
}
