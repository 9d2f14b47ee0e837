// Package published holds Tables 11 to 16 of the source paper (Yao & Ding,
// NeurIPS 2022, appendix E.2) as the paper prints them, embedded in the
// binary.
//
// One CSV file a table, one row a cell: method, reward (empty for a
// heuristic), column, mean and standard deviation, in s. An empty mean and sd
// is a cell that the text of the paper lost. Nothing that is wrong in the
// printed tables is mended here. ERRATA.md in this folder says what is wrong in
// them and in the statements of the appendix, and what fairlb does instead;
// package eval/paper has the footnotes that tables show.
//
// testbeds.csv is Table 8, a survey of testbeds, with the paper's own below; its remarks are
// in our words.
package published
