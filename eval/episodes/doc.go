// Package episodes plays evaluation episodes: heuristics and trained policies
// in environments, on seeds that no training saw. It stands between what acts
// (package agents) and where it acts (package env) on one side and what is
// computed of it (package eval) on the other, and is the only package of the
// evaluation that knows an Actor.
//
// Run plays every target on every seed and returns an eval.Result for each.
// Runs are paired: every target meets the arrivals of the same seeds. A run goes
// on after its episode until every request in flight has finished, where the
// environment can (env.Drainer); a request that failed counts at its timeout.
// Play plays a single episode for whoever recorded it himself, such as the
// recorders of package eval/figure.
//
// What is measured of an episode is in recorder.go (completion times),
// distribution.go (their quantiles) and fairness.go (the load of the servers);
// a new measure is recorded there, summed up over seeds in summary.go and
// gets a field of eval.Figures.
package episodes
