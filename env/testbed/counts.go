package testbed

import (
	"math"

	"fairlb/env"
)

// IntervalCounts makes what happened between two readings of a plane of its counters,
// which only rise.
type IntervalCounts struct {
	before   []Server // of the last reading, by slot
	epoch    uint64
	sequence uint64
	begun    bool

	counts []env.ServerCounts // by slot
}

// Next returns what each slot's server counted since the reading before, and whether
// the plane has published anything since. Before the first reading nothing was counted.
// Flows from before a restart of the plane, which it never published, are not counted
// at all, and those since are. Counters that cannot be true, since they fall within an
// epoch or are not finite, begin anew at what they are. What is returned holds until the next call.
func (c *IntervalCounts) Next(r *Reading) (counts []env.ServerCounts, news bool) {
	restarted := c.begun && r.Epoch != c.epoch
	news = !c.begun || restarted || r.Sequence != c.sequence
	for len(c.counts) < len(r.Servers) {
		c.counts, c.before = append(c.counts, env.ServerCounts{}), append(c.before, Server{})
	}
	for j := range c.counts {
		now := Server{} // a slot that the table no longer has is empty
		if j < len(r.Servers) {
			now = r.Servers[j]
		}
		before := c.before[j]
		switch {
		case !c.begun:
			before = now
		case restarted || before.Name != now.Name:
			before = Server{} // its counters began at zero
		}
		c.counts[j] = between(before, now)
		c.counts[j].Joined = now.Name != "" && (!c.begun || c.before[j].Name != now.Name)
		c.before[j] = now
	}
	c.epoch, c.sequence, c.begun = r.Epoch, r.Sequence, true
	return c.counts[:len(r.Servers)], news
}

// between returns what a server counted between two readings, of which the first may
// be zero.
func between(before, now Server) env.ServerCounts {
	if now.Name == "" {
		return env.ServerCounts{Absent: true}
	}
	n := env.ServerCounts{Out: !now.In, Ongoing: max(0, int(now.Ongoing))}
	fell := now.Dispatched < before.Dispatched || now.Completed < before.Completed || now.Failed < before.Failed
	if fell || !(now.DurationSum >= before.DurationSum && now.DurationSum <= math.MaxFloat64 && before.DurationSum >= 0) {
		return n
	}
	n.Dispatched = difference(now.Dispatched, before.Dispatched)
	n.Completed = difference(now.Completed, before.Completed)
	n.Failed = difference(now.Failed, before.Failed)
	n.Durations = now.DurationSum - before.DurationSum
	sum := now.CountSum - before.CountSum
	if now.CountSum == 0 || !(sum >= 0 && sum <= math.MaxFloat64) {
		// The plane does not know it: the flows that ended saw about as many as
		// there were at the interval's ends.
		sum = float64(n.Completed) * (float64(before.Ongoing) + float64(now.Ongoing)) / 2
	}
	n.OngoingSum = max(sum, float64(n.Completed))
	return n
}

// maxDifference bounds what is counted in one interval, so that sums of counts over
// servers do not overflow, whatever a plane publishes.
const maxDifference = 1 << 40

func difference(now, before uint64) int { return int(min(now-before, maxDifference)) }
