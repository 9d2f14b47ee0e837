// Package paper holds the experiments of Tables 11 to 16 of the source paper
// (appendix E.2) as data: which methods with which rewards are trained where,
// evaluated on which scenarios, and reported by which statistic, each cell
// beside its published value (package results/published).
//
// Jobs turns tables and a Profile (how long to train, how many seeds) into
// the list of runs that fill them; Table.Keys names the runs of one cell. The
// package runs nothing and reads no records: package eval runs the jobs,
// package results prints the tables.
//
// Where the paper's text is wrong, the mended reading is used and a Note says
// so.
package paper
