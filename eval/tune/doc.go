// Package tune finds the best fixed weights of a pool of servers: the target
// "tuned" of the command, a reference for what weights that do not move can
// reach (appendix E.1: weights set once by the processors are sub-optimal).
//
// Search is the pattern search of Hooke and Jeeves ("Direct search" solution
// of numerical and statistical problems, J. ACM 8, 1961) over the log-weights
// of groups of equal servers. Only ratios of weights matter, so the first
// group's weight stays and a pool of two groups has one dimension. Its
// objective is the mean completion time as package eval reports it: every
// point meets the same arrivals, failures count at their timeout, and requests
// in flight at the end of an episode are waited for.
//
// The seeds must be those of training: on the seeds of the search itself the best
// of many points looks better than it is. The command evaluates the weights found
// as any other target, on held-out seeds.
package tune
