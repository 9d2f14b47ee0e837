package report

import (
	"slices"
	"strings"

	"fairlb/eval/paper"
)

// block is a part of a table of the paper that is set by itself: a few columns side by
// side, in all rows.
type block struct {
	title   string // what its columns have in common; empty if the block before says it
	columns []int
}

// blockColumns is the number of columns of a table that are side by side in a block.
const blockColumns = 2

// blocks splits a table: each group of columns by itself, such as a period with its two
// classes of pages, and a group of many in blocks one below the other.
func blocks(t *paper.Table) []block {
	var titles []string
	groups := map[string][]int{}
	for j, c := range t.Columns {
		if !slices.Contains(titles, c.Group) {
			titles = append(titles, c.Group)
		}
		groups[c.Group] = append(groups[c.Group], j)
	}
	var list []block
	for _, title := range titles {
		for columns := range slices.Chunk(groups[title], blockColumns) {
			list = append(list, block{title, columns})
			title = ""
		}
	}
	return list
}

// beginsGroup says whether a rule separates row i from the one before it: the paper's
// heuristics, the added ones and each learned method are groups of rows.
func beginsGroup(rows []paper.Row, i int) bool {
	if i == 0 {
		return true
	}
	r, before := &rows[i], &rows[i-1]
	return r.Added != before.Added || !r.Added && r.Learned() && r.Method != before.Method
}

// cellHeader names the parts of a cell.
func cellHeader() []string { return []string{"ours", "all", "/ SED", "paper", "/ SED"} }

// cellText writes the parts of a cell: ours of the requests that completed, ours of all,
// the former over SED's, the published value, and that over SED's. pm stands between a
// mean and its deviation.
func cellText(f *paper.Filled, i, j int, pm string) []string {
	c := &f.Cells[i][j]
	isBaseline := f.Rows[i].MethodID == paper.Baseline
	parts := []string{missing, missing, missing, missing, missing}
	if c.Measured {
		parts[0], parts[1] = valueText(c.Ours.Completed, pm), seconds(c.Ours.All.Mean)
		if c.Ours.Failed == 0 && c.Ours.Completed.N > 0 {
			parts[1] = sameText
		}
		parts[2] = tableRatio(c.Ratio, isBaseline)
	}
	if c.Printed {
		parts[3] = seconds(c.Published.Mean) + pm + seconds(c.Published.SD)
		parts[4] = tableRatio(c.PublishedRatio, isBaseline)
	}
	return parts
}

// sameText stands for the value of all requests where none failed.
const sameText = "="

// valueText writes a mean and its deviation, which a single run has not.
func valueText(v paper.Value, pm string) string {
	switch v.N {
	case 0:
		return missing
	case 1:
		return seconds(v.Mean)
	}
	return seconds(v.Mean) + pm + seconds(v.SD)
}

// insignificant marks a ratio that is not known to differ from 1.
const insignificant = "~"

// tableRatio writes a ratio to the baseline, whose own is 1.
func tableRatio(r *paper.Ratio, isBaseline bool) string {
	switch {
	case isBaseline:
		return "1"
	case r == nil:
		return missing
	case !r.Significant:
		return insignificant + seconds(r.Value)
	}
	return seconds(r.Value)
}

// rowLabels writes the header of the rows' names, and the rows' methods and rewards, the
// rewards below each other.
func rowLabels(rows []paper.Row) (header string, labels []string) {
	header = "Method"
	widest := len(header)
	for _, r := range rows {
		if r.Reward != "" {
			widest = max(widest, len(r.Method))
		}
	}
	withReward := func(method, reward string) string {
		return method + strings.Repeat(" ", widest-len(method)+1) + reward
	}
	for _, r := range rows {
		label := r.Method
		if r.Reward != "" {
			label = withReward(r.Method, r.Reward)
		}
		labels = append(labels, label)
	}
	return withReward(header, "Reward"), labels
}
