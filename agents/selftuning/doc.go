// Package selftuning is self-tuning SED as an Actor: what the dispatch rule of that
// name (package env/dispatch) learns of each request, the Actor learns of the counts of
// an interval (env.Step.Counts). So it steers a load balancer whose rule takes weights,
// without a checkpoint and without training, whatever servers the pool has, and while
// servers join and leave. It is what a live agent does by default, and what package
// agents/guard falls back to.
//
// The estimate of a server's capacity is dispatch.Capacities in both. What differs is
// that weights hold for an interval, and how servers that fail are kept away (type
// probation): a single request to try one with cannot be chosen by weights.
package selftuning
