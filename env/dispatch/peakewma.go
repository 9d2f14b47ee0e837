package dispatch

import (
	"math"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*PeakEWMA)(nil)
	_ Completer       = (*PeakEWMA)(nil)
	_ Resetter        = (*PeakEWMA)(nil)
	_ snapshot.Stater = (*PeakEWMA)(nil)
)

const (
	// ewmaDecay is the time (s) in which what was measured loses all but 1/e
	// of its weight: the decayTime of Finagle's Balancers.p2cPeakEwma, 10 s.
	ewmaDecay = 10.0

	// ewmaPenalty is what a server counts, beside its requests, that has some
	// and whose latency nobody has seen yet: more than any latency (s). It
	// stands for Finagle's penalty, Long.MaxValue >> 16 ns, or 39 hours.
	ewmaPenalty = 140_737.0

	// ewmaFailed is the least latency (s) that a failed request counts for:
	// one decay time. It is ours; Finagle leaves failures to its failure
	// accrual, and without either a server that refuses at once looks fast.
	ewmaFailed = ewmaDecay
)

// PeakEWMA is the peak-sensitive exponentially weighted moving average of
// Finagle ("Clients" in its user guide: Power of Two Choices + Peak EWMA) and
// of Linkerd: of two servers drawn at random, the one of less
//
//	average latency * (own ongoing requests + 1)
//
// has the request, the first of a tie. A latency above the average replaces
// it at once; one below is averaged in, the old average weighing e^(-t/10 s)
// after t s without news. When it is looked at, an average has decayed by the
// same factor, towards 0, so that a server which was slow is tried again.
//
// A server not measured yet costs nothing while it has no request, so that it
// is tried, and a penalty plus its requests while it has any, so that it is
// not flooded: Finagle's rule. Capacity is not used: latency tells.
//
// Difference: Finagle lets the average itself decay whenever it is looked at,
// so that its weight in the next average hangs on how often that was.
type PeakEWMA struct {
	servers members
	average []float64 // s, at the server's latest completion; 0 if there was none
	at      []float64 // s, that completion
}

// NewPeakEWMA returns the rule for a number of servers.
func NewPeakEWMA(servers int) (*PeakEWMA, error) {
	if err := checkWeights(uniform(servers)); err != nil {
		return nil, err
	}
	return &PeakEWMA{servers: newMembers(servers), average: make([]float64, servers), at: make([]float64, servers)}, nil
}

// Reset implements Resetter.
func (r *PeakEWMA) Reset() {
	clear(r.average)
	clear(r.at)
}

// Pick implements Rule.
func (r *PeakEWMA) Pick(v *View) int {
	r.servers.update(v)
	first, second := r.servers.pair(v.Rand)
	if r.cost(v, second) < r.cost(v, first) {
		return second
	}
	return first // of a tie the first is as random as the second
}

// cost returns what a server is judged by, s.
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

// weight returns what is left at time now of a server's average.
func (r *PeakEWMA) weight(server int, now float64) float64 {
	return math.Exp(-max(now-r.at[server], 0) / ewmaDecay)
}

// Completed implements Completer.
func (r *PeakEWMA) Completed(server int, now, duration float64, failed bool) {
	if failed {
		duration = max(duration, ewmaFailed)
	}
	if old := r.average[server]; duration < old {
		w := r.weight(server, now)
		duration = w*old + (1-w)*duration
	}
	r.average[server], r.at[server] = duration, now
}

// State implements snapshot.Stater.
func (r *PeakEWMA) State(c *snapshot.Codec) {
	for _, values := range [][]float64{r.average, r.at} {
		snapshot.Fixed(c, values, func(x *float64) {
			c.Float64(x)
			if !(*x >= 0 && *x <= math.MaxFloat64) {
				c.Fail("a latency or time of %g s", *x)
			}
		})
	}
}
