package report

import (
	"fmt"
	"slices"
	"strings"

	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/results/text"
)

// TableOptions says where the measured values of a table come from, which is written
// below it.
type TableOptions struct {
	Profile  paper.Profile
	Command  string   // the command that made the table; empty leaves it out
	Notes    []string // on ours, one footnote each
	Warnings []string // doubts about ours, one footnote each
}

// footnotes returns the notes below a table in their order: the legend, the notes on
// columns, which have letters, the notes on the whole table, warnings, the profile and
// the command.
func footnotes(f *paper.Filled, o TableOptions) []string {
	notes := legend(f)
	letter := 0
	for _, n := range f.Notes {
		if len(n.Columns) > 0 {
			notes = append(notes, mark(letter)+" "+n.Text)
			letter++
		}
	}
	for _, n := range f.Notes {
		if len(n.Columns) == 0 {
			notes = append(notes, n.Text)
		}
	}
	if n := f.WithoutCompleted(); n > 0 {
		notes = append(notes, fmt.Sprintf("Warning: of %s it is not known what the completed requests came to: none completed, or "+
			"the evaluation is of a build that did not keep it.", text.Count(n, "cell")))
	}
	notes = append(notes, o.Notes...)
	for _, w := range o.Warnings {
		notes = append(notes, "Warning: "+w)
	}
	notes = append(notes, profileText(&f.Table, o.Profile))
	if o.Command != "" {
		notes = append(notes, "Command: "+o.Command)
	}
	return notes
}

// mark is the sign of the n-th note on columns: [a], [b], ...
func mark(n int) string { return "[" + string(rune('a'+n)) + "]" }

// marks returns the signs of the notes on a column.
func marks(t *paper.Table, col int) string {
	var b strings.Builder
	letter := 0
	for _, n := range t.Notes {
		for _, j := range n.Columns {
			if j == col {
				b.WriteString(" " + mark(letter))
			}
		}
		if len(n.Columns) > 0 {
			letter++
		}
	}
	return b.String()
}

// legend says what the parts of a cell are and how they are marked.
func legend(f *paper.Filled) []string {
	least, most := f.RunsPerCell()
	runs := fmt.Sprintf("mean ± sd over %d to %d runs a cell", least, most)
	switch {
	case most == 0:
		return []string{"Nothing of ours is measured yet. " + missing + ": not measured, not in the paper, or lost in its text."}
	case most == 1:
		runs = "one run a cell"
	case least == most:
		runs = fmt.Sprintf("mean ± sd over %s a cell", text.Count(most, "run"))
	}
	level := 100 * eval.Confidence
	if f.Live {
		return liveLegend(runs, level)
	}
	return []string{
		fmt.Sprintf("ours: %s, of the requests that completed, as published; a run is a trained policy, or a heuristic, on one evaluation seed. "+
			"all: the mean with failed requests, each at its timeout (%s: none failed). paper: as printed. "+
			"%s: not measured, not in the paper, or lost in its text.", runs, sameText, missing),
		fmt.Sprintf("/ SED: ours, and the paper's, over SED's in the same column; %s: no significant difference (%g %%). That is, of ours, the interval "+
			"over training runs and seeds, paired with SED's by seed, includes 1; of the paper's, Welch's t-test, two-sided, finds none if each printed "+
			"mean and deviation is of %d runs, as the paper says of Table 16 and we assume of the others.",
			insignificant, 100-level, paper.PublishedRuns),
	}
}

// liveLegend is the legend of a live table, whose cells have so many runs.
func liveLegend(runs string, level float64) []string {
	return []string{
		fmt.Sprintf("live: on real traffic, %s, of the requests that completed, as published; a run is an episode in real time on one seed. "+
			"%sn: n runs of the cell are left out, in which this machine did not keep up. "+
			"all: the mean with failed requests, each at its timeout (%s: none failed). sim: the same policies with the same requests in the simulator. "+
			"paper: as printed. %s: not measured, not to be had live, not in the paper, or lost in its text.", runs, leftOutMark, sameText, missing),
		fmt.Sprintf("gap: live over sim, paired by seed. / SED: live, and the paper's, over SED's in the same column. %s: no significant difference (%g %%). That is, of ours, the "+
			"interval includes 1, or there is but one run; of the paper's, Welch's t-test, two-sided, finds none if each printed mean and deviation is of %d runs, "+
			"as the paper says of Table 16 and we assume of the others.", insignificant, 100-level, paper.PublishedRuns),
	}
}

// profileText says how the learned methods of a table were trained and how all
// were evaluated.
func profileText(t *paper.Table, p paper.Profile) string {
	where := ""
	if p.TrainLive {
		where = " in real time"
	}
	return fmt.Sprintf("Profile %s: %s, trained on %s%s, %d episodes of %g s, seeds %s; evaluated from an empty system for %g s on %s.",
		p.Name, p.Recipes, p.TrainingScenario(t.Training()), where, p.TrainingEpisodes(t.Training()), p.EpisodeDuration, seedList(p.TrainingSeeds),
		p.EvalDuration, evaluationSeeds(t, p))
}

// evaluationSeeds lists the seeds on which a table's columns are evaluated.
func evaluationSeeds(t *paper.Table, p paper.Profile) string {
	var lists, parts []string
	for _, c := range t.Columns {
		list := seedList(p.SeedsFor(c.Scenario))
		if part := list + " (" + c.Scenario + ")"; !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
		if !slices.Contains(lists, list) {
			lists = append(lists, list)
		}
	}
	if len(lists) == 1 {
		return "each of the seeds " + lists[0]
	}
	return "the seeds " + strings.Join(parts, ", ")
}

// seedList lists seeds, or writes a dash if there are none.
func seedList(seeds []uint64) string {
	if len(seeds) == 0 {
		return missing
	}
	return text.Seeds(seeds)
}
