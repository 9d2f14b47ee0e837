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
		notes: []string{fmt.Sprintf("Of the requests of %d seeds of %g s, and of all training runs of a policy, together; a failed one counts at its timeout.",
			d.Seeds(), d.Duration)},
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

// WriteCompletionDistributionsCSV writes one row a test case, class, target and
// quantile. The column completion_s is of all requests, a failed one at its timeout;
// done_s is of those that did not fail.
func WriteCompletionDistributionsCSV(w io.Writer, d *figure.CompletionDistributions) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"case", "scenario", "class", "target", "runs", "requests", "failed", "mean_s", "longest_done_s", "quantile", "completion_s", "done_s"}}
	for _, c := range d.Cases {
		for class, name := range c.Classes {
			for _, t := range c.Targets {
				x := t.ByClass[class]
				for k := range x.All {
					rows = append(rows, []string{c.Name, c.Scenario, name, t.Name, strconv.Itoa(t.Runs), strconv.Itoa(x.N), strconv.Itoa(x.Failed), text.Exact(x.Mean),
						longestText(&x), text.Exact(figure.Quantiles()[k]), text.Exact(x.All[k]), doneText(&x, k)})
				}
			}
		}
	}
	return out.WriteAll(rows)
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
