package sim

import "fairlb/env"

// resetCounts begins an interval of what LBs count at servers, or forgets all.
func (e *engine) resetCounts() {
	if !e.cfg.Counts {
		return
	}
	if e.counts == nil {
		for range e.balancers {
			e.counts = append(e.counts, make([]env.ServerCounts, len(e.cfg.Servers)))
		}
	}
	for _, row := range e.counts {
		clear(row)
	}
}

// countEnd counts that a flow which began at the time start (s) has ended for its LB.
func (e *engine) countEnd(lb, server int, start, now float64, failed bool) {
	c := &e.counts[lb][server]
	if failed {
		c.Failed++
		return
	}
	c.Completed++
	c.Durations += now - start
	c.OngoingSum += float64(e.balancers[lb].Ongoing()[server]) + 1 // the flow has left the count
}

// intervalCounts returns what LBs have counted in the interval that ends now; nil
// where they do not.
func (e *engine) intervalCounts() [][]env.ServerCounts {
	for i, row := range e.counts {
		b := e.balancers[i]
		for j, ongoing := range b.Ongoing() {
			row[j].Ongoing, row[j].Out = int(ongoing), b.Out(j)
		}
	}
	return e.counts
}
