// Package agentprocess is what `fairlb agent` does: it steers the load balancers whose
// planes it is given, one each by a goroutine of its own (type steerer). Every interval
// it reads a plane, lets a policy act under a guard (agents/guard), or self-tuning SED
// (agents/selftuning), writes the weights and gives a sign of life.
//
// Intervals end at multiples of their length from the start on, by a clock. One that is
// served late is marked and moves no other; what is more than an interval late is missed,
// counted, and not made up for.
//
// A plane that is gone is waited for, and what was learned of its servers is kept. What
// was decided is written to a log of JSON lines (type decisionLog) by a goroutine that
// may be slow or fail without anything else being so. Metrics and health are told over
// HTTP on a loopback address.
package agentprocess
