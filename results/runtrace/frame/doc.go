// Package frame draws a moment of a run as text for a terminal: rates and completion times
// of the last seconds and of all, how many requests were with the servers over time, and a
// row a server with its queue, its share of the requests and its weight at each load
// balancer. What it is told are the lines of a trace (package runtrace), whoever wrote them.
package frame
