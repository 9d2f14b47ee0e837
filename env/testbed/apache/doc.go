// Package apache is real servers for a scenario: Apache with PHP, a server in a network
// namespace of its own, under a quota of processor time: the server side of the published
// testbed (appendix C.2) on one Linux machine, as root. Where the emulated servers of
// package emulated sleep, these compute.
//
// A server is Apache of the prefork kind, with the scenario's workers and, as its TCP
// backlog, the scenario's backlog. A worker is one process that has a request from its
// first byte to the end of its answer, IO included. The request names its demand as
// emulated servers have it:
//
//	GET /wiki/Paris?cpu=0.036&io=0.0056 HTTP/1.1
//
// A PHP script uses as much processor time, by its own count of it (getrusage), and sleeps
// for its IO. A path without a query does nothing. The answer names the server in the field
// X-Fairlb-Server.
//
// # Processors
//
// A server of p processors of speed v may use as many cores as the model's station does
// with all its processors busy (station.Processors), at most v of them for one worker.
// Two levels of control groups see to that: one of a server, and one of each worker below
// it. A speed above 1 cannot be had, and all servers together must leave a part of the
// machine to load balancers and clients. A quota is time in a period: a worker at speed v
// computes at full speed for a part v of each Period and stands still for the rest.
//
// # Network
//
// Servers have addresses of 198.18.0.0/15 (RFC 2544: for measurements of networks), a pair
// of virtual Ethernet interfaces each, and plain routes: answers return the way that
// requests came. tcp_abort_on_overflow is set in their namespaces, unless the scenario's
// clients try again (Config.Retries).
//
// # Truth
//
// Busy workers are those of Apache's scoreboard, the backlog is what the kernel holds for
// the listening socket, and the processor time is that of the control group. What work is
// left nobody knows: it is NaN.
//
// # Crashes
//
// A testbed has a number, the least that no other living one has, whose lock the kernel
// frees as its process ends. What it makes is named by the number. Apache ends with the
// process, however that ends. What else a crashed testbed left, the next one removes as it
// starts. A living one is never touched.
package apache
