// Package queueing compares the simulator with queueing theory. It lists systems
// whose mean completion times, tails and losses are known exactly (or, for the power
// of two choices, in the limit of many servers), simulates them, and puts an interval
// around what was measured. The tests of the simulator and the table of
// `fairlb theory queues` are made from the same list.
//
// TwoServers simulates the two servers of appendix A, for `fairlb theory markov`.
//
// To add a system, add it to Systems in system.go and its formula to theory.go; one of
// LBs that share servers goes to ties.go, and is solved by package eval/theory/markov.
package queueing
