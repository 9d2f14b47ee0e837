// Package sim is the discrete-event simulator of appendix C.1 behind env.Env.
//
// M load balancers send requests to N servers. A request goes through stages,
// each in a server's CPU station (FIFO, or blocked processor sharing, eq. 42)
// or IO station (processor sharing), beside latencies between nodes, backlogs
// that refuse what is too much, and servers whose speed changes.
//
// The engine knows three kinds of events: arrivals from a workload.Source,
// stage completions, found through a tournament tree over the stations, and
// packets under way. Stations run in virtual time, so that an event costs
// O(log) of the tasks and of the servers, state is flat slices, and nothing is
// allocated per event once the slices have grown.
package sim
