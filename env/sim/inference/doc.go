// Package inference measures what one load balancer can know of the requests of the
// others. SED that sees all queues is far ahead of any LB that sees its own; this
// package asks how much of that lead an LB could gain by inference. The command
// `fairlb theory inference` prints the answer.
//
// An LB sees when it sent its own requests to a server and when they came back. A
// Filter turns that into a belief about the server's whole queue, by Bayes' rule on
// many random histories of the queue. It is told what no LB knows: that the server
// works in order of arrival, how fast it is, that demands are exponential, and how
// often the other LB sends a request there. What it infers is therefore about the
// most that can be inferred, and Rule, which dispatches by it, bounds what inference
// is worth.
//
// Config in rule.go says how an LB infers and what it does with the result; Run in
// measure.go simulates it.
package inference
