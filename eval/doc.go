// Package eval runs heuristics and trained policies on held-out seeds and
// says what the runs show.
//
// Runs are paired: every target meets the arrivals of the same seeds, so two
// targets are compared by the difference of their runs seed by seed. The unit
// of replication is the seed, not the request: a standard deviation and an
// interval are over the means of the seeds. For several training runs of one
// recipe the unit is the training run (Combine).
//
// The figures are completion times in s, from a request's arrival to its
// completion as the client saw it. A request that failed counts in every
// figure at its timeout, and a run goes on after its episode until every
// request in flight has finished, where the environment can (env.Drainer).
//
// Run makes the figures; Report writes them as text, JSON or CSV. The paper's
// tables (section E.2) are made from the same figures by package eval/paper.
package eval
