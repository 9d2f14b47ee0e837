// Package workload makes the requests that arrive at the load balancers.
//
// A Source yields the requests of one episode in order of time. Synthetic draws
// them from an arrival process (Arrivals) and a mix of application classes with
// laws of their demands (appendix C.1, Table 10); Recorded replays a trace file.
// A Source draws from random streams of its own, so that every dispatch rule
// meets the same requests. The simulator (package env/sim) reads one Source an
// episode.
//
// FitTrace describes a trace file by a synthetic workload, SummariseTrace by
// figures; package weblog turns access logs into trace files.
//
// To add a law of demands, see law.go; an arrival process, arrivals.go; what a
// trace file may hold, trace.go.
package workload
