// Package twoservers is the model of appendix A, which Figure 2b of the paper shows:
// two servers, one twice as fast, whose queues hold Queue tasks each, under Poisson
// traffic of just their capacity, a part of which one load balancer (LB) sees and
// sends by WCMP, LSQ or SED. It is solved exactly, as a Markov chain, by package
// eval/theory/markov; it is mathematics alone and knows no simulator. env/sim/queueing
// holds the simulator to it.
//
// The paper leaves open what happens at the corners of the chain, how ties are broken,
// what an LB sees of a queue that it shares, and how the rest of the traffic is split.
// Each of these is a field of Model; Readings lists the readings that differ from the
// plain one in one of them, and Statements says which of the paper's sentences about
// the figure hold in each.
//
// Self-tuning SED (env/dispatch) remembers its past, so that it is no chain of
// these states. Where its memory is long its weights stand still, at values that the
// traffic under just these weights gives back: SelfTuned finds them. That is the
// rule's fixed form; how it gets there, and how it wavers, the chain does not say.
package twoservers
