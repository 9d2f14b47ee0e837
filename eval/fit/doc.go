// Package fit finds the free parameters of a simulated workload with which the
// heuristics' rows of the paper's tables come out nearest to the published ones. It
// was done once, for the web mix, whose parameters the paper does not give
// (appendix C.2); results/fit/README.md says with what result. Rows of learned
// methods are never part of it: what is fitted is the testbed, not the methods.
//
// The command that fits gives a Problem its simulation; Cells takes the published
// values from package eval/paper; packages results/report and results/chart show
// the Residuals.
package fit
