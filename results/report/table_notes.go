package report

import (
	"fmt"
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
	Warnings []string // doubts about ours, one footnote each
}

// footnotes returns the notes below a table in their order: the legend, the notes on
// columns, which have letters, the notes on the whole table, warnings, the profile and
// the command. best and tied say how the best of our values in a column, and those
// that tie with it, are marked.
func footnotes(f *paper.Filled, o TableOptions, best, tied string) []string {
	notes := []string{legend(f, best, tied)}
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

// legend says what the entries of a table are and how they are marked.
func legend(f *paper.Filled, best, tied string) string {
	const dash = missing + ": not measured, or lost in the paper's text."
	least, most := f.RunsPerCell()
	ours := fmt.Sprintf("mean ± sd over %d to %d runs a cell", least, most)
	switch {
	case most == 0:
		return "Nothing of ours is measured yet. " + dash
	case most == 1:
		ours = "one run a cell"
	case least == most:
		ours = fmt.Sprintf("mean ± sd over %d runs a cell", most)
	}
	return fmt.Sprintf("Ours: %s. %s: best of ours in its column; %s: not significantly above it (%g %%). %s", ours, best, tied, 100*eval.TieLevel, dash)
}

// profileText says how the learned methods of a table were trained and how all
// were evaluated.
func profileText(t *paper.Table, p paper.Profile) string {
	return fmt.Sprintf("Profile %s: trained on %s, %d episodes of %g s, seeds %s; evaluated for %g s on each of the seeds %s.",
		p.Name, t.Training(), p.TrainingEpisodes(t.Training()), p.EpisodeDuration, seedList(p.TrainingSeeds),
		p.EvalDuration, seedList(p.EvalSeeds))
}

// seedList lists seeds, or writes a dash if there are none.
func seedList(seeds []uint64) string {
	if len(seeds) == 0 {
		return missing
	}
	return text.Seeds(seeds)
}
