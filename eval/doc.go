// Package eval computes what evaluation episodes show: means, quantiles,
// intervals, differences to a baseline and their significance. It stands between
// package eval/episodes, which plays the episodes, and package results, which
// shows what was computed; it knows neither environments nor policies.
//
// The figures are completion times in s, from a request's arrival to its
// completion as the client saw it. A request that failed counts in every figure
// at its timeout. Runs are paired: every target meets the arrivals of the same
// seeds, so two targets are compared by the difference of their runs seed by
// seed. The unit of replication is the seed, not the request: a standard
// deviation and an interval are over the means of the seeds. For several
// training runs of one recipe an interval is over both, runs and seeds (sources.go).
// Seeds that replay the same arrivals are one workload and no replicates
// (Result.OneWorkload).
//
// One rule says what is where: eval and the packages below it hold what is
// computed, and the one form, JSON, in which it is kept on disk and read back
// (Evaluation.WriteJSON, and the tags of the types). Whatever is written for a
// reader, text, tables, documents, pictures and files for other programs, is in
// package results and those below it.
//
// The statistics are in interval.go (Student-t), sources.go (intervals over runs and
// seeds), bootstrap.go (interquartile means, probability of improvement) and welch.go
// (Welch's test between printed values). A new statistic of a target becomes a field
// of Figures.
package eval
