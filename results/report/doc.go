// Package report writes what was computed for readers: text for a terminal,
// Markdown for a document, CSV, JSON and Parquet for other programs. It stands at
// the end of the flow, beside package results/chart, which draws; both take data
// that package eval and those below it have computed, and compute nothing but the
// form.
//
// The files are named by what they write and how: evaluation_... for an
// eval.Evaluation, which marleval.go and parquet.go write as well. Columns,
// wrapped text and shortened names are laid out by package results/text.
package report
