// Package study says what a study is and what it came to: every method of a
// study file, trained on every scenario with several seeds, evaluated on
// held-out seeds beside the heuristics, and judged by bars. It plays nothing:
// the command trains and evaluates, and gives it the results.
package study
