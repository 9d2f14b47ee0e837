// Package dispatch holds the rules that choose a server for each request, at
// data-plane speed.
//
// A Rule is one load balancer's. It reads a View, which package env/balancer
// keeps up to date, and returns a server. Between two requests an agent may set
// its weights; nothing else tells it what to do.
//
// The paper's rules (appendix C.3) are ECMP and WCMP, which spread requests at
// random, LSQ and SED, which send each to the least-loaded server by the LB's own
// count, and Oracle, which looks at what no LB can see. The agents' weights act
// through SED's form: a request goes to argmin_j (q_ij + 1) / a_ij. Which of several
// minimisers LSQ, SED and weighted dispatch take is a setting, Ties: one at random,
// what the published testbed's plugin did, or the first in an order.
//
// Beside them stand the rules that are used in practice: power of two choices,
// Envoy's weighted least request, peak-sensitive average latency, Prequal, gRPC's
// round robin on reported load, nginx's least time, the relative strategy of
// LinkedIn's D2, and two choices with Finagle's failure accrual; SelfTuning, which estimates the capacities
// that SED is told, carried, which also heeds what servers tell of their requests, and
// class-aware, which heeds what each class of requests has cost; and, for reference, LSQ and SED with ordered ties and with
// global counts, and SED with the true capacities.
//
// A rule never picks a server that is out (View.Out). It may remember more than
// a View shows: then it is a Resetter, which forgets when an episode begins, and
// a snapshot.Stater, which can be saved. After either its View must be
// invalidated.
//
// To add a heuristic, write its Rule and add a line to heuristics in
// dispatch.go: the tests of every rule and the command line then know it.
package dispatch
