// Package visibility says how well a controller knows the load of servers that it probes, and
// what that costs (Figure 9, appendix E.2.2): each server is asked so many times a second,
// and between two answers the last one is believed. What is believed is compared with the
// servers' true load at many moments of an episode: the root mean square error, and
// Spearman's rank correlation.
//
// Two loads are compared. Requests held by a server, in service or waiting, change with
// each arrival and each completion. The CPU use is true over the Window before a moment;
// believed is the mean over about as long before the last answer, or since the answer before
// where that is longer: what a controller makes of the processor time that a server has
// used so far. Both are in whole per cent.
//
// Prober is what an episode in the simulator is observed by: an env.ScheduledSampler that
// shows the servers' state to probes exactly when these arrive there. In real time the
// answers are those of package env/testbed/loadprobe. Both end in an Observation, of which
// Compare makes a Quality. Counts compares, in the same way, what a load balancer
// knows without any probe: its own ongoing requests. Bytes counts what probes send.
package visibility
