// Package balancer is one load balancer: what it knows of the servers, and what
// it does with each flow.
//
// A Balancer joins a dispatch rule (package env/dispatch) to the view that the
// rule decides by, the flows that are under way, the servers that take none,
// and the reservoirs from which an agent's observation is made (package
// env/observe). The simulator (package env/sim) holds one for each of its LBs,
// a live data plane one, or one for each of its cores, each a replica of the
// others (replica.go), so that all decide by the same code.
//
// Time is a value: every method that needs it is given the present moment, in
// seconds since the episode, or the process, began. It never decreases. The
// package reads no clock, opens no socket and starts no goroutine; a Balancer
// is used by one goroutine at a time. Once its slices have grown, it allocates
// nothing for a flow.
//
// To change how a server is chosen, see package env/dispatch; what an agent
// sees, package env/observe. What is kept of a flow is in flows.go, what
// servers tell of themselves in reports.go, and what a restart keeps in
// state.go.
package balancer
