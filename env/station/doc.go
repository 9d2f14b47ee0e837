// Package station is the servers of a pool, and how they serve requests
// (appendix C.1): the model of eq. 42 and what the published testbed adds to it.
//
// A server has a CPU station (FIFO, or blocked processor sharing) and an IO station
// (processor sharing). A request passes stages, each in one of the two, and a server
// whose backlog is full takes no more. Processors may be hardware threads that share
// cores, and throughput may fall as tasks contend (Processors). A worker may be held
// through IO, so that the backlog waits for workers (Config.Prefork). Servers change
// their speed, their processors and their background jobs as they work.
//
// Time is a value: the simulator (env/sim) and servers in real time
// (env/testbed/emulated) drive the same code, so that the two cannot drift apart.
// Stations run in virtual time and a tournament tree finds the server with the next
// completion, so that what happens costs O(log) of the tasks and of the servers. State
// is in flat slices: once these have grown, nothing is allocated.
//
//	change.go      what may change of servers and LBs
//	pool.go        the servers, and the way of a request through its server
//	config.go      what can be configured
//	station.go     how a resource serves its tasks
//	processors.go  what tasks get of processors that they share
//	prefork.go     workers that are held for a whole request
//	truth.go       the state that only the servers know
package station
