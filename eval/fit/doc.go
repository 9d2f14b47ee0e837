// Package fit finds the free parameters of a simulated workload by which the
// heuristics' rows of the paper's tables come out nearest to the published
// ones. It is done once, for the web mix (DESIGN.md, section 4), and never to
// a learned row: what is fitted is the testbed, not the methods.
package fit
