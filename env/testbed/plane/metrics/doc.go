// Package metrics tells Prometheus the state of a balancer (plane.Snapshot), and of its
// health checks. Units are in the names; counters never decrease while a server, a loop
// or the process lives; a server that left has no metrics any more. Histograms are native
// ones, whose buckets are the balancer's own, with classic buckets beside them for those
// who do not read native ones yet.
package metrics
