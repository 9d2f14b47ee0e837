// Package load is both ends of the benchmark of load balancers: servers that answer
// small or large responses, and clients that connect to a balancer in front of them,
// each connection for one response. Both run in one event loop (epoll) on one thread,
// so that they leave the most of one core to be shared and can saturate a balancer that
// has another core; Go's net package takes several times their time.
//
// Clients run in a closed loop (so many connections at once, the next as soon as one
// has ended) or an open one (connections are due at the times of a Poisson process,
// whatever became of those before). The latency of a connection counts from when it was
// due until its end has been read, so that a stall of the balancer counts against every
// connection that was due meanwhile.
//
// It runs on Linux.
package load
