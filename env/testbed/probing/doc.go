// Package probing measures how long it takes to get the features of a load balancer's
// servers (Figure 11 of the paper, appendix E.2.2): by reading them from shared memory, as
// an agent beside the load balancer does, or by asking another process for them over a
// socket, as a controller does that probes.
//
// The other process is a child of the one that measures (Start, Respond). It publishes what
// a load balancer has seen in a step, to regions of shared memory of both layouts, and
// answers probes with the features of the newest frame. Whoever reads shared memory takes in
// the samples that are new and computes the features of them: the agent itself in the first
// case, and in the second the process that is asked, as it is asked. Nothing is sent over a
// network: all is on one machine, and sockets are those of loopback. Each reading is checked
// to be of the frame that was published last. The ways take turns (Measure), so that whatever
// slows the machine down meets all of them.
package probing
