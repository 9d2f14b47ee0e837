// Package paper is the catalogue of the source paper's results: the experiments of
// Tables 11 to 16 (appendix E.2) as data, that is which methods with which rewards
// are trained where, evaluated on which scenarios, and reported by which statistic,
// each cell beside its published value; and which figures there are, by number and by
// what they show.
//
// It stands between what is published (package results/published) and what a command
// runs: Jobs turns tables and a Profile (how long to train, how many seeds) into the
// list of runs that fill them, Table.Keys names the runs of one cell, and Fill puts
// our values beside the published ones, both over SED's. The package
// runs nothing and reads no records; package results/report writes a Filled table.
// Where the paper's text is wrong, the mended reading is used and a Note says so.
//
// A new table is a CSV file in results/published and a case in layout.go; a
// footnote's text is in notes.go. A new figure is a line of the catalogue in
// figure.go, its data a type of package eval/figure.
package paper
