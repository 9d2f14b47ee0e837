// Package results is the end of the flow: what shows to people and other programs
// what packages eval and train have found. It has no code of its own; the packages
// below it do the work:
//
//   - text lays out tables, paragraphs and names for a terminal
//   - report writes evaluations, studies, the paper's tables and the data of its
//     figures as text, Markdown, CSV, JSON and Parquet
//   - chart draws them, and learning curves, as PNG, SVG and PDF
//   - record keeps the record of a run as JSONL, and reads it
//   - tfevents writes the event files of training that TensorBoard shows
//   - published has the paper's values of its tables
//
// What is shown is made from data and records, never from runs: nothing here
// knows a simulator, an agent or training. Beside the packages are folders of
// what was measured: figures, fit, network, simulator, studies and tables, each
// with a README.md that says how it was made.
package results
