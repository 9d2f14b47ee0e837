// Package affinity measures how load balancers divide servers among themselves:
// whether each sends most of its requests to some of the servers, whether these are
// others than those of the next LB, and whether that lasts.
//
// Watch lets a target of package eval/episodes be evaluated as usual and counts, on
// the way, the requests of each LB to each server in equal windows of time; Measure
// makes figures of the counts of an episode.
package affinity
