// Command fairlb trains, evaluates and tabulates load-balancing agents. Each
// file holds one command; this is the only place that makes a logger, prints,
// and wires the simulator to the learners.
package main
