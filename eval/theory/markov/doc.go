// Package markov solves systems of servers that several load balancers (LBs) share as
// continuous-time Markov chains: exactly, but for rounding and for a cut at a number of
// tasks, whose effect is said. It is mathematics alone and knows no simulator;
// env/sim/queueing holds the simulator to it.
//
// A state is how many tasks each LB has on each server. An LB decides by its own row
// of the state, as an LB of appendix C.3 does, so the chain shows what LBs lose because
// they do not know of each other, and what the way of breaking ties does to that.
//
// Under CandidateOrFirst, the tie rule of the published testbed, two servers behave as
// under Fair: either one of them is of least score, or both are, and then the
// candidate is. The two differ from three servers on, where some may tie for least
// while the candidate does not.
//
// Chain is general: another model lists its transitions. System is the model of LBs
// and servers; a rule of dispatch is a Dispatch, a way to break ties a Ties.
package markov
