// Package observe turns what one load balancer sees of its own traffic into the
// features of its agent (appendix C.2.4): the number of ongoing requests on each
// server, and statistics over two reservoirs of each server, of the completion
// times of flows and of the elapsed times of ongoing flows.
//
// A Balancer (package env/balancer) tells an Observer what happens and has it fill
// the observation once a step. To add a feature, extend Features and Observer.Write
// in features.go together; how a reservoir samples and what it computes is in
// reservoir.go. Agents normalise features by statistics that travel with a
// checkpoint, so that a new feature makes old checkpoints unfit.
package observe
