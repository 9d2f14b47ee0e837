package dispatch

import (
	"cmp"
	"math"
	"slices"

	"fairlb/env/snapshot"
)

// probe is the answer of a server to one probe.
type probe struct {
	server     int32
	inFlight   int32   // requests at the server, plus those that this LB has sent there since
	latency    float64 // s
	receivedAt float64 // s, when the answer arrives
	uses       int32   // requests that may still be sent because of it
}

// probePool holds the latest answers, the oldest first, at most one for each
// server.
type probePool struct {
	probes []probe
	size   int
}

// add adds an answer. It takes the place of the server's former answer, if there
// is one, or of the oldest, if the pool is full.
func (p *probePool) add(x probe) {
	k := slices.IndexFunc(p.probes, func(y probe) bool { return y.server == x.server })
	if k < 0 && len(p.probes) == p.size {
		k = 0
	}
	if k >= 0 {
		p.remove(k)
	}
	p.probes = append(p.probes, x)
}

func (p *probePool) remove(k int) { p.probes = slices.Delete(p.probes, k, k+1) }

// dropBefore drops the answers that arrived before the given time (s).
func (p *probePool) dropBefore(before float64) {
	for len(p.probes) > 0 && p.probes[0].receivedAt < before {
		p.remove(0)
	}
}

// best returns the index of the probe that the hot-cold lexicographic rule
// chooses. A probe is cold if it has at most hot requests in flight. Of the cold
// ones the rule takes that of least latency; if there is none, that of fewest
// requests in flight. Ties are broken by the other measure, then by taking the
// newer probe.
func (p *probePool) best(hot int32) int {
	best := 0
	for k := range p.probes {
		if compare(&p.probes[k], &p.probes[best], hot) <= 0 {
			best = k
		}
	}
	return best
}

// worst returns the index of the probe that the rule would choose last, the
// oldest of several; -1 if the pool is empty.
func (p *probePool) worst(hot int32) int {
	worst := -1
	for k := range p.probes {
		if worst < 0 || compare(&p.probes[k], &p.probes[worst], hot) > 0 {
			worst = k
		}
	}
	return worst
}

// compare orders probes by the hot-cold lexicographic rule.
func compare(a, b *probe, hot int32) int {
	byLatency, byFlight := cmp.Compare(a.latency, b.latency), cmp.Compare(a.inFlight, b.inFlight)
	switch aHot, bHot := a.inFlight > hot, b.inFlight > hot; {
	case aHot != bHot:
		return byFlight
	case aHot:
		return cmp.Or(byFlight, byLatency)
	}
	return cmp.Or(byLatency, byFlight)
}

// windowQuantile is a quantile of the latest numbers of requests in flight.
type windowQuantile struct {
	share  float64
	window int
	recent []int32 // the latest numbers; a ring once it is full
	next   int     // index of the oldest in a full ring
	sorted []int32 // the same numbers in ascending order
}

func newWindowQuantile(share float64, window int) windowQuantile {
	return windowQuantile{share: share, window: window, recent: make([]int32, 0, window), sorted: make([]int32, 0, window)}
}

func (q *windowQuantile) reset() { q.recent, q.sorted, q.next = q.recent[:0], q.sorted[:0], 0 }

// add adds a number, in place of the oldest if the window is full.
func (q *windowQuantile) add(x int32) {
	if len(q.recent) < q.window {
		q.recent = append(q.recent, x)
	} else {
		k, _ := slices.BinarySearch(q.sorted, q.recent[q.next])
		q.sorted = slices.Delete(q.sorted, k, k+1)
		q.recent[q.next] = x
		q.next = (q.next + 1) % q.window
	}
	k, _ := slices.BinarySearch(q.sorted, x)
	q.sorted = slices.Insert(q.sorted, k, x)
}

// value returns the quantile: the least of the numbers that a part of at least
// share of them does not exceed; 0 if there are none.
func (q *windowQuantile) value() int32 {
	if len(q.sorted) == 0 {
		return 0
	}
	return q.sorted[int(math.Ceil(q.share*float64(len(q.sorted))))-1]
}

// state walks over the numbers.
func (q *windowQuantile) state(c *snapshot.Codec) {
	snapshot.Slice(c, &q.recent, func(x *int32) { snapshot.Int(c, x) })
	snapshot.Int(c, &q.next)
	if !c.Reading() {
		return
	}
	if len(q.recent) > q.window || q.next < 0 || q.next > 0 && (len(q.recent) < q.window || q.next >= q.window) {
		c.Fail("%d numbers, the oldest at %d, in a window of %d", len(q.recent), q.next, q.window)
		q.reset()
	}
	q.sorted = append(q.sorted[:0], q.recent...)
	slices.Sort(q.sorted)
}
