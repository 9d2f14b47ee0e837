// Package testbed holds the live environment: an env.Env whose servers and load
// balancers are real (appendix C.2). A load balancer, whatever it is, is a Plane: its
// features are read, its weights written, a heartbeat given.
//
// What one load balancer knows and does is in package env/balancer, which takes time as a
// value, so that a live environment and the simulator decide by the same code.
//
// Env steps by a Clock, not by what its agents take: a step that is taken late is marked
// and moves no other. IntervalCounts makes of a plane's counters, which only rise, what
// happened between two readings; Env and the agent process both count by it. Package
// testbedtest has a pool of servers and its planes for tests, under a clock that tests
// move.
package testbed
