// Package observe turns what one load balancer sees of its own traffic into the
// features of its agent (appendix C.2.4): the number of ongoing requests on each
// server, and statistics over two reservoirs of each server, of the completion
// times of flows and of the elapsed times of ongoing flows.
//
// A flow's completion time is sampled as it completes. Elapsed times are sampled
// about ten times a second (moments.go), of each server that of one of its flows,
// and 0 where it has none. So the elapsed times of a server, and with them the
// estimate of its load, fade to 0 in about the discount's time once it is idle,
// and neither depends on the length of a step. The cost is one sample a server
// and moment, however many flows there are. Completion times do not fade: they
// tell how fast a server is, which its being idle does not change, and one that
// faded would make a server that gets no requests look like the fastest.
//
// A Balancer (package env/balancer) tells an Observer what happens and has it fill
// the observation once a step. To add a feature, extend Features and Observer.Write
// in features.go together; how a reservoir samples and what it computes is in
// reservoir.go. Agents normalise features by statistics that travel with a
// checkpoint, so that a new feature makes old checkpoints unfit.
package observe
