// Package inference measures what one LB can know of the requests of the
// others: the open question of DESIGN.md, section 6. SED that sees all queues
// is far ahead of any LB that sees its own; this package asks how much of that
// an LB could make up for by thinking.
//
// An LB sees when it sent its own requests to a server and when they came back.
// A Filter turns that into a belief about the server's whole queue, by Bayes'
// rule on many random histories of it. It is told what no LB knows: that the
// server works in order of arrival, how fast it is, that demands are
// exponential, and how often the other LB sends it a request. So what it infers
// is about the most that can be inferred, and Rule, which dispatches by it,
// bounds what inference is worth.
package inference
