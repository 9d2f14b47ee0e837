// Package workload makes the requests that arrive at the load balancers:
// synthetic ones from an arrival process and a mix of application classes
// (appendix C.1, Table 10), and recorded ones from trace files.
//
// A Source yields requests in order of time, from random streams of its own,
// so that every dispatch method meets the same requests. TraceFit is a synthetic
// workload like a trace; package weblog makes traces of access logs.
package workload
