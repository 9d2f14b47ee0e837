// Package haproxy steers a backend of HAProxy: it implements testbed.Plane by HAProxy's
// runtime API and its log.
//
// Counts, states and weights are read from the runtime API, once every interval
// (runtime.go speaks it, statistics.go and serverstate.go decode what it answers).
// HAProxy has no completion times worth reading there, only averages in whole
// milliseconds, so each flow's comes from the line that HAProxy logs as the flow ends,
// by a log-format that README.md gives (logline.go decodes it, logsocket.go receives
// it). When a flow began is not told anywhere while it is under way; flows.go infers it,
// and by this the features of elapsed times are estimates.
//
// Weights are real numbers there and small integers here (weights.go). HAProxy may have
// other writers of weights, an operator or agent checks: ownership.go decides what
// becomes of a server whose weight is not the one that was written, and keeps the
// weights that were there before, which come back in the end, even if this process is
// killed in between (journal.go).
package haproxy
