// Package plane is a load balancer of TCP connections (layer 4). It is built around
// env/balancer, which decides as it does in the simulator, without a goroutine a
// connection and, once warm, without allocation.
//
// A Plane has event loops, one a core (loop_linux.go), each with an SO_REUSEPORT listener
// of its own. A connection (connection_linux.go) belongs to the loop
// that accepted it from beginning to end: its client's PROXY protocol header may be
// read, a server is chosen, perhaps after a wait in a queue, and connected to, perhaps
// after others were tried; then bytes pass in both directions (relay_linux.go), first
// copied, then spliced. One timing wheel a loop (timers.go) has its timeouts.
//
// Each loop has a replica of the balancer (package replica), and every event that changes
// what a balancer knows goes from the loop where it happened to all others, without a
// lock, so that all loops decide on the same counts. Loop 0 alone looks after what
// stands (standing_linux.go): which servers are in, by health checks (package health),
// administrators and failed connections (passive.go), and shared memory
// (testbed/shm), by which an agent reads what is known and writes weights. It also hears
// what servers tell of their requests (reports_linux.go, package report) for all loops.
//
// Settings are a file (Config); a reload makes new parameters, which the loops take over
// without losing a connection (reload_linux.go). Linux alone has what all this needs.
package plane
