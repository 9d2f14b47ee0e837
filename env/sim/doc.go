// Package sim is the discrete-event simulator of appendix C.1 behind env.Env.
//
// M load balancers send requests to N servers. A request goes through stages,
// each in a server's CPU station (FIFO, or blocked processor sharing, eq. 42)
// or IO station (processor sharing), beside latencies between nodes and backlogs
// that refuse what is too much. Servers and LBs come, go and fail, and servers
// change their speed, their processors and what else runs there, by a schedule
// or at random.
//
// The engine knows four kinds of events: arrivals from a workload.Source, stage
// completions, found through a tournament tree over the servers, packets on
// their way to servers, and what comes from outside: changes and samples of the
// true load. Replies are no events: LBs look at them when they must. Stations
// run in virtual time, so that an event costs O(log) of the tasks and of the
// servers, state is flat slices, and nothing is allocated per event once the
// slices have grown.
package sim
