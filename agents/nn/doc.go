// Package nn is the network core of the learners: parameters, layers, losses
// and the optimiser, in float32. With hypernet, sac and qmix it is the only
// door to Gorgonia, and no Gorgonia type crosses its border.
//
// A network is a few large operations (Kernel), each a plain Go function over
// slices with its own derivative. What applies kernels is a Builder, of which
// there are two:
//
//   - Graph makes every kernel one node of a Gorgonia graph, lets Gorgonia
//     differentiate it symbolically (one backward node per kernel, whose parts
//     are handed out by views) and order it, and runs it as a tape of steps
//     over memory of its own, without allocating. It trains.
//   - Plan runs the same kernels in the order in which they were applied,
//     without a graph. It acts, and computes targets.
//
// A network written against Builder therefore gives the same numbers, bit for
// bit, in training and in acting.
//
// Parameters live in an Arena: one flat slice, of which each parameter is a
// view. Copies, Polyak averages, the optimiser and checkpoints are single
// passes over it.
//
// Row-major shapes are [rows, columns]. A batch of B states of N servers is
// [B*N, F]: one row per server, the servers of a state one after the other.
//
// Results do not depend on GOMAXPROCS: learners split work by LB, and Workers
// share a kernel's rows without changing a bit of the result.
//
// Matrix products and functions over whole slices come from package simd.
//
// Where things are: arena.go has parameters, kernel.go the contracts Kernel and
// Builder, graph.go, op.go and tape.go the graph, plan.go the plan; network.go and
// recurrent.go the networks that learners use; adam.go, average.go and schedule.go
// what moves parameters. The other files are kernels. A new layer or loss is a
// Kernel in a file of its own, whose gradient nntest.Kernel checks against central
// differences and, where PyTorch has its equal, testdata/torch against that.
package nn
