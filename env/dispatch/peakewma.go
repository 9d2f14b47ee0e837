package dispatch

import (
	"math"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*PeakEWMA)(nil)
	_ Completer       = (*PeakEWMA)(nil)
	_ Resetter        = (*PeakEWMA)(nil)
	_ Heir            = (*PeakEWMA)(nil)
	_ snapshot.Stater = (*PeakEWMA)(nil)
)

const (
	// ewmaDecay is the time (s) in which what was measured loses all but 1/e
	// of its weight: the decayTime of Finagle's Balancers.p2cPeakEwma, 10 s.
	ewmaDecay = 10.0

	// ewmaPenalty is added to the requests of a server that has some and whose
	// latency has not been measured yet. It is more than any latency (s), and
	// stands for Finagle's penalty, Long.MaxValue >> 16 ns, or 39 hours.
	ewmaPenalty = 140_737.0

	// ewmaFailedLatency is the least latency (s) that a failed request counts
	// for: one decay time. It is an addition of ours. Finagle leaves failures to
	// its failure accrual; without either, a server that refuses requests at once
	// would look fast.
	ewmaFailedLatency = ewmaDecay
)

// PeakEWMA is the peak-sensitive exponentially weighted moving average of
// Finagle ("Clients" in its user guide: Power of Two Choices + Peak EWMA) and
// of Linkerd: of two servers drawn at random, the one of less
//
//	average latency * (own ongoing requests + 1)
//
// gets the request; in a tie, the one drawn first. A latency above the average
// replaces it at once. A latency below is averaged in, where the old average has
// the weight e^(-t/10 s) if its last sample is t s old. A pick reads the average
// decayed by the same factor, towards 0, so that a server which was slow is tried
// again.
//
// As in Finagle, a server that has not been measured costs nothing while it has
// no request, so that it is tried, and a penalty plus its requests while it has
// any, so that it is not flooded. Capacities are not used, because latency
// reflects them.
//
// There is one difference: Finagle lets the average itself decay whenever it is
// read, so that its weight in the next average depends on how often that was.
type PeakEWMA struct {
	members   membership
	average   []float64 // s, by server, as of its latest completion; 0 if there was none
	updatedAt []float64 // s, by server, the time of its latest completion
}

// NewPeakEWMA returns the rule for a number of servers.
func NewPeakEWMA(servers int) (*PeakEWMA, error) {
	if err := checkWeights(uniform(servers)); err != nil {
		return nil, err
	}
	return &PeakEWMA{members: newMembership(servers), average: make([]float64, servers), updatedAt: make([]float64, servers)}, nil
}

// Reset implements Resetter.
func (r *PeakEWMA) Reset() {
	clear(r.average)
	clear(r.updatedAt)
}

// Pick implements Rule.
func (r *PeakEWMA) Pick(v *View) int {
	r.members.update(v)
	first, second := r.members.pair(v.Rand)
	if r.cost(v, second) < r.cost(v, first) {
		return second
	}
	return first // in a tie too: the first is as random as the second
}

// cost returns a server's score (s).
func (r *PeakEWMA) cost(v *View, server int) float64 {
	q := float64(v.Ongoing[server])
	if r.average[server] == 0 {
		if q == 0 {
			return 0
		}
		return ewmaPenalty + q
	}
	return r.average[server] * r.weight(server, v.Now) * (q + 1)
}

// weight returns the weight that a server's average has left at time now.
func (r *PeakEWMA) weight(server int, now float64) float64 {
	return math.Exp(-max(now-r.updatedAt[server], 0) / ewmaDecay)
}

// Completed implements Completer.
func (r *PeakEWMA) Completed(c Completion) {
	duration := c.Duration
	if c.Failed {
		duration = max(duration, ewmaFailedLatency)
	}
	if old := r.average[c.Server]; duration < old {
		w := r.weight(c.Server, c.Now)
		duration = w*old + (1-w)*duration
	}
	r.average[c.Server], r.updatedAt[c.Server] = duration, c.Now
}

// Inherit implements Heir.
func (r *PeakEWMA) Inherit(old Rule, from []int) {
	o, ok := old.(*PeakEWMA)
	if !ok {
		return
	}
	r.Reset()
	for j, k := range from {
		if k >= 0 {
			r.average[j], r.updatedAt[j] = o.average[k], o.updatedAt[k]
		}
	}
}

// State implements snapshot.Stater.
func (r *PeakEWMA) State(c *snapshot.Codec) {
	for _, values := range [][]float64{r.average, r.updatedAt} {
		snapshot.Fixed(c, values, func(x *float64) {
			c.Float64(x)
			if !(*x >= 0 && *x <= math.MaxFloat64) {
				c.Fail("a latency or time of %g s", *x)
			}
		})
	}
}
