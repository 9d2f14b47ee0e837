// Package results prints the paper's Tables 11 to 16 from measured values,
// ours beside the published ones (package results/published, by way of
// package eval/paper).
//
// WriteText gives the paper's layout for a terminal, WriteMarkdown the same
// for a document, WriteCSV one record a cell, and WriteJSON one object a
// table. All take the values as a Measured function and write nothing when a
// value is at fault. A cell that was not measured is a dash in text, empty in
// CSV, null in JSON; so is a published value that the paper's text lost.
//
// The figures are drawn from the data of package eval/figure: WriteFair... and
// DrawFair are Figure 2a; WriteCases... and DrawCases are Figures 4 (b) and 8;
// WriteSharing... and DrawSharing are Figure 10a;
// WriteDynamicText, WriteTimelineCSV, DrawTimeline, WriteCompletionCSV and
// DrawCompletion are Figure 12. DrawMeans draws the means of a table or a study
// with their intervals.
package results
