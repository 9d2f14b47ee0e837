// Package emulated is servers that do a scenario's stations in real time, behind HTTP:
// the server side of the testbed on one machine (appendix C.2). Their model is that of
// the simulator, the code the same (env/station), driven by the clock instead of an event
// loop. They sleep instead of computing, so that dozens of "CPUs" fit into a part of one
// real one.
//
// A request names its demand, stage by stage, in the query of its path:
//
//	GET /wiki/Paris?cpu=0.036&io=0.0056 HTTP/1.1
//
// Demands are seconds at nominal speed, decimal, without an exponent. A path without a
// query does nothing, and is answered at once: what checks of health ask for. The answer
// names the server (header Server: its number).
//
// A server whose backlog is full does as the scenario says. Without Retries it breaks the
// connection off (RST, tcp_abort_on_overflow=1 of Linux). With them it does as a kernel
// that drops a SYN: nothing is heard of the request, until after the first of the Retries
// it reaches the server again. What neither can show is a refusal before the connection
// is established, for a connection must be accepted to learn what it demands.
//
// Where the configuration says so, servers tell load balancers how many requests they have
// (Tell), by the messages that fairlb lb hears (package report): every so often, or just
// before each answer to the load balancer that its request came by, as which the header of
// the PROXY protocol names it. For load balancers that read responses, answers have a header
// with the number (Config.CountHeader).
//
// A server that fails fast (station.FailFast) breaks a request with demands off as soon as
// it has read it. Paths without a query are answered as ever, as by a service whose check
// of health does not see what its requests need.
//
// Completions happen at the times that the model gives them, and what follows from one (a
// worker is free, another request gets it) happens at that time too, so that being late
// does not add up. What is late is the answer. Report says by how much, so that a run whose
// machine could not keep up is marked.
//
// All servers of a scenario are one loop on one thread. It runs on Linux.
package emulated
