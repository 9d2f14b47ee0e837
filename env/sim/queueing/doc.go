// Package queueing holds the simulator to queueing theory: systems whose mean
// completion times, tails and losses are known exactly (or, for the power of
// two choices, in the limit of many servers), and their measurement with an
// interval. The simulator's tests and the table of `fairlb theory queues` are
// made from the same list.
package queueing
