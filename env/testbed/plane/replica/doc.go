// Package replica lets several event loops be one load balancer: each has a Replica,
// that is, a balancer (package env/balancer) which knows of all flows, those of the other
// loops included.
//
// Whatever changes what a balancer knows is an event: a flow was dispatched or ended, a
// server went out or came in, weights were set, the pool changed. The Replica of the loop
// where it happened takes it in at once and publishes it in its Feed, a ring that has one
// writer and that each other Replica reads at its own pace. Before a Replica decides
// it takes in what the others have published (Replica.Catch). No lock is taken, and
// nobody waits: what finds no room in the ring is kept beside it until there is some.
//
// Events have Lamport's stamps, and a Replica takes in those that have come in the order
// of their stamps. So where each Replica catches up before anything happens to it, all
// take in the same events in the same order, and decide as one balancer does. Where two
// loops decide at the same moment, each takes in its own event first, and neither knows of
// the other's choice yet: the difference is what happens in the time in which a core sees
// what another one has written.
//
// Servers have slots, which are never another's as long as an event about them may be
// under way; a Replica maps them to the indices of its balancer, whose pool may change
// (Pool). Like the balancer, the package takes time as a value, opens no socket and
// starts no goroutine.
package replica
