package guard

import (
	"math"

	"fairlb/env"
)

// trafficMemory is how long (s) Traffic remembers: what is older has lost all but 1/e of
// its weight.
const trafficMemory = 30

// Traffic is what one LB's flows have lately done, for estimates of what they would do
// under other weights.
type Traffic struct {
	time       float64   // s, of the last step
	span       float64   // s, decayed, that the sums are of
	dispatched []float64 // by server, decayed
	flows, sum float64   // that completed, and the sum of their times (s), decayed
	share      []float64 // of the last estimate
}

// Estimate says what weights would do, or do. It is a rough one: each server is taken for
// one queue, with the rate that its counts show, and flows for ones that come at random.
type Estimate struct {
	Moved    float64 // the part of flows that would go to another server than they went to
	Duration float64 // s, the mean time of a flow; 0: nothing is known
}

// Learn takes in an interval that ended at the time now (s).
func (t *Traffic) Learn(counts []env.ServerCounts, now float64) {
	passed := max(0, now-t.time)
	t.time = now
	keep := math.Exp(-passed / trafficMemory)
	t.span = t.span*keep + passed
	t.flows *= keep
	t.sum *= keep
	for len(t.dispatched) < len(counts) {
		t.dispatched = append(t.dispatched, 0)
	}
	for j := range t.dispatched {
		t.dispatched[j] *= keep
		if j >= len(counts) {
			continue
		}
		n := &counts[j]
		if n.Absent || n.Joined {
			t.dispatched[j] = 0
		}
		t.dispatched[j] += float64(n.Dispatched)
		t.flows += float64(n.Completed)
		t.sum += n.Durations
	}
}

// Duration returns the mean time of the flows that completed (s); 0 where there are none.
func (t *Traffic) Duration() float64 {
	if t.flows == 0 {
		return 0
	}
	return t.sum / t.flows
}

// Rate returns the rate of flows (1/s).
func (t *Traffic) Rate() float64 {
	if t.span == 0 {
		return 0
	}
	total := 0.0
	for _, n := range t.dispatched {
		total += n
	}
	return total / t.span
}

// Under estimates what the flows would do under weights, given the rate (1/s) at which
// each server gets through the LB's flows (selftuning.Actor.Rate).
//
// Flows go to the server of the least (q_j + 1) / w_j, so that these quotients are about
// equal: q_j + 1 = c w_j, or q_j = 0 where that is less than 1. A queue of mean length q
// and rate m passes m q / (q + 1) flows a second. c is such that all pass, and by Little's
// law the mean time is the sum of all q_j over the rate of flows. Where the servers do
// not get through that many, the estimate is for 0.99 of what they do.
func (t *Traffic) Under(weights []float64, counts []env.ServerCounts, rate func(server int) float64) Estimate {
	lambda, capacity := t.Rate(), 0.0
	for j := range weights {
		if in(counts, j) {
			capacity += rate(j)
		}
	}
	if !(lambda > 0 && capacity > 0) {
		return Estimate{}
	}
	target := min(lambda, 0.99*capacity)
	low, high := math.Inf(1), 0.0
	for j, w := range weights {
		if in(counts, j) && rate(j) > 0 {
			low = min(low, 1/w)
			high = max(high, 1/w)
		}
	}
	high *= 1e6 // by when all pass 0.99 of what they can, and more
	c := 0.0
	for range 100 {
		c = math.Sqrt(low * high)
		if passed, _ := t.pass(c, weights, counts, rate); passed < target {
			low = c
		} else {
			high = c
		}
	}
	passed, queued := t.pass(c, weights, counts, rate)
	if !(passed > 0) {
		return Estimate{}
	}
	moved := 0.0
	for j := range weights {
		if was := t.dispatched[j] / (lambda * t.span); t.share[j]/passed > was {
			moved += t.share[j]/passed - was
		}
	}
	return Estimate{Moved: moved, Duration: queued / passed}
}

// pass returns the flows that pass each second under the quotient c, and those that are
// under way.
func (t *Traffic) pass(c float64, weights []float64, counts []env.ServerCounts, rate func(server int) float64) (passed, queued float64) {
	t.share = t.share[:0]
	for j, w := range weights {
		x := 0.0
		if q := c*w - 1; q > 0 && in(counts, j) {
			x = rate(j) * q / (q + 1)
			queued += q
		}
		t.share = append(t.share, x)
		passed += x
	}
	return passed, queued
}
