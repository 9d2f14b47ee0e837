// Package study says what a study is and computes what it came to: every method
// of a study file, trained on every scenario with several seeds, evaluated on
// held-out seeds beside the heuristics, and judged by bars, which are ratios to
// heuristics that the best method of each family must reach.
//
// It plays nothing and writes nothing: a command trains and evaluates and gives
// the results to Report.Add, Report.Judge judges them, and package results shows
// the Report. What a study file may say is in study.go, and so is a new field of
// it; a new figure of a target is a field of TargetOutcome, in report.go.
package study
