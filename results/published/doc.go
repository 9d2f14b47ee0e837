// Package published holds Tables 11 to 16 of the source paper (Yao & Ding,
// NeurIPS 2022, appendix E.2) as the paper prints them, embedded in the
// binary.
//
// One CSV file a table, one row a cell: method, reward (empty for a
// heuristic), column, mean and standard deviation, in s. An empty mean and sd
// is a cell that the text of the paper lost. What is wrong in the printed
// tables is said in package eval/paper, not mended here.
package published
