// Package client is the clients of the testbed: one open loop that sends the requests of
// a workload.Source (a scenario's workload or a trace file) to live load balancers over
// HTTP, and measures what becomes of them (appendix C.2).
//
// Requests are due at the times of the workload, whatever became of those before. The
// time of one counts from when it was due until its whole answer has come; beside it,
// from when it was sent, which is what a client that waits for its turn would report
// (coordinated omission). Each names its demands in the query of its path, as the servers
// of package emulated read them. It has a connection of its own that closes after the
// answer, as published, or one that an earlier request has left (Config.KeepAlive). A
// request that is refused may be tried again (Config.Retries).
//
// Result says how late requests were sent, how busy the client was, and by Doubts whether
// it was itself the bottleneck. It is one loop on one thread. It runs on Linux.
package client
