package balancer

import "fairlb/env/dispatch"

var _ dispatch.Reports = (*reportTable)(nil)

// Report is what a server says of itself, of the requests of all LBs.
type Report struct {
	InFlight  int32   // requests that it has
	Latency   float64 // s, the median of requests that came to about as many in flight; 0 where none has ended
	Completed int     // requests that it has completed since it started
	Busy      float64 // s of processor time that it has used since it started
}

// reportTable holds the last report of each server; zeros where there is none.
type reportTable struct{ last []Report }

func newReportTable(servers int) reportTable {
	return reportTable{last: make([]Report, servers)}
}

// reset drops all reports.
func (t *reportTable) reset() { clear(t.last) }

// Probe implements dispatch.Reports.
func (t *reportTable) Probe(server int) (inFlight int32, latency float64) {
	return t.last[server].InFlight, t.last[server].Latency
}

// Load implements dispatch.Reports.
func (t *reportTable) Load(server int) (completed int, busy float64) {
	return t.last[server].Completed, t.last[server].Busy
}
