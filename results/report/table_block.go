package report

import (
	"slices"
	"strconv"
	"strings"

	"fairlb/eval/paper"
)

// block is a part of a table of the paper that is set by itself: a few columns side by
// side, in all rows.
type block struct {
	title   string // what its columns have in common; empty if the block before says it
	columns []int
}

// blockColumns is the number of columns of a table that are side by side in a block, of a
// live one, whose cells have more parts, liveBlockColumns.
const (
	blockColumns     = 2
	liveBlockColumns = 1
)

// blocks splits a table: each group of columns by itself, such as a period with its two
// classes of pages, and a group of many in blocks one below the other.
func blocks(f *paper.Filled) []block {
	t, most := &f.Table, blockColumns
	if f.Live {
		most = liveBlockColumns
	}
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
		for columns := range slices.Chunk(groups[title], most) {
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

// cellPart is a part of a cell: its name, its width, so that all blocks are set alike, and
// its text; pm stands between a mean and its deviation.
type cellPart struct {
	name  string
	width int
	text  func(c *paper.FilledCell, isBaseline bool, pm string) string
}

// cellParts are the parts of a table's cells: ours of the requests that completed, ours of
// all, the former over SED's, in a live table the simulator's and ours over it, the
// published value, and that over SED's.
func cellParts(f *paper.Filled) []cellPart {
	const withSD, alone, ratio = len("0.000+0.000"), len("0.000"), len("~0.000")
	all := cellPart{"all", alone, func(c *paper.FilledCell, _ bool, _ string) string {
		switch {
		case !c.Measured:
			return missing
		case c.Ours.Failed == 0 && c.Ours.Completed.N > 0:
			return sameText
		}
		return seconds(c.Ours.All.Mean)
	}}
	overSED := cellPart{"/ SED", ratio, func(c *paper.FilledCell, isBaseline bool, _ string) string {
		if !c.Measured {
			return missing
		}
		return tableRatio(c.Ratio, isBaseline)
	}}
	published := cellPart{"paper", withSD, func(c *paper.FilledCell, _ bool, pm string) string {
		if !c.Printed {
			return missing
		}
		return seconds(c.Published.Mean) + pm + seconds(c.Published.SD)
	}}
	publishedOverSED := cellPart{"/ SED", ratio, func(c *paper.FilledCell, isBaseline bool, _ string) string {
		if !c.Printed {
			return missing
		}
		return tableRatio(c.PublishedRatio, isBaseline)
	}}
	if !f.Live {
		ours := cellPart{"ours", withSD, func(c *paper.FilledCell, _ bool, pm string) string { return valueText(c.Ours.Completed, pm) }}
		return []cellPart{ours, all, overSED, published, publishedOverSED}
	}
	live := cellPart{"live", withSD + len(leftOutMark+"0"), func(c *paper.FilledCell, _ bool, pm string) string {
		return valueText(c.Ours.Completed, pm) + leftOutText(&c.Live)
	}}
	simulated := cellPart{"sim", withSD, func(c *paper.FilledCell, _ bool, pm string) string { return valueText(c.Live.Simulated.Completed, pm) }}
	gap := cellPart{"gap", ratio, func(c *paper.FilledCell, _ bool, _ string) string { return tableRatio(c.Live.Gap, false) }}
	return []cellPart{live, all, overSED, simulated, gap, published, publishedOverSED}
}

// cellHeader names the parts of a cell.
func cellHeader(f *paper.Filled) []string {
	var names []string
	for _, part := range cellParts(f) {
		names = append(names, part.name)
	}
	return names
}

// cellText writes the parts of a cell.
func cellText(f *paper.Filled, i, j int, pm string) []string {
	isBaseline := f.Rows[i].MethodID == paper.Baseline
	var parts []string
	for _, part := range cellParts(f) {
		parts = append(parts, part.text(&f.Cells[i][j], isBaseline, pm))
	}
	return parts
}

// leftOutMark is before the number of runs of a cell that were no measurement.
const leftOutMark = "*"

// leftOutText says how many runs were no measurement; nothing if all were.
func leftOutText(c *paper.LiveCell) string {
	if c.LeftOut == 0 {
		return ""
	}
	return leftOutMark + strconv.Itoa(c.LeftOut)
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
