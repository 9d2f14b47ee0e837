package dispatch

import (
	"cmp"
	"math"
	"slices"

	"fairlb/env/snapshot"
)

// probe is what a server told of itself.
type probe struct {
	server   int32
	inFlight int32   // requests, those included that this LB sent since
	latency  float64 // s
	at       float64 // s, when the answer is here
	uses     int32   // how many requests may yet be sent by it
}

// pool holds the latest answers, the oldest first, at most one a server.
type pool struct {
	probes []probe
	most   int
}

// add puts an answer in place of the server's former one, or of the oldest.
func (p *pool) add(x probe) {
	k := slices.IndexFunc(p.probes, func(y probe) bool { return y.server == x.server })
	if k < 0 && len(p.probes) == p.most {
		k = 0
	}
	if k >= 0 {
		p.remove(k)
	}
	p.probes = append(p.probes, x)
}

func (p *pool) remove(k int) { p.probes = slices.Delete(p.probes, k, k+1) }

// age drops what came in before the given time (s).
func (p *pool) age(before float64) {
	for len(p.probes) > 0 && p.probes[0].at < before {
		p.remove(0)
	}
}

// best returns the index that the hot-cold lexicographic rule chooses: of the
// cold probes, with at most hot requests in flight, the one of least latency;
// if there is none, the one of least requests in flight. Ties go to the other
// measure, then to the newer probe.
func (p *pool) best(hot int32) int {
	best := 0
	for k := range p.probes {
		if compare(&p.probes[k], &p.probes[best], hot) <= 0 {
			best = k
		}
	}
	return best
}

// worst returns the index that the rule would choose last, the oldest of
// several; -1 of an empty pool.
func (p *pool) worst(hot int32) int {
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

// quantile follows a quantile of the latest numbers of requests in flight.
type quantile struct {
	share  float64
	window int
	seen   []int32 // a ring once it is full
	next   int     // the oldest of a full ring
	sorted []int32
}

func newQuantile(share float64, window int) quantile {
	return quantile{share: share, window: window, seen: make([]int32, 0, window), sorted: make([]int32, 0, window)}
}

func (q *quantile) reset() { q.seen, q.sorted, q.next = q.seen[:0], q.sorted[:0], 0 }

// add notes a number in place of the oldest.
func (q *quantile) add(x int32) {
	if len(q.seen) < q.window {
		q.seen = append(q.seen, x)
	} else {
		k, _ := slices.BinarySearch(q.sorted, q.seen[q.next])
		q.sorted = slices.Delete(q.sorted, k, k+1)
		q.seen[q.next] = x
		q.next = (q.next + 1) % q.window
	}
	k, _ := slices.BinarySearch(q.sorted, x)
	q.sorted = slices.Insert(q.sorted, k, x)
}

// value returns the least number that at least the share does not exceed; 0
// if nothing was seen.
func (q *quantile) value() int32 {
	if len(q.sorted) == 0 {
		return 0
	}
	return q.sorted[int(math.Ceil(q.share*float64(len(q.sorted))))-1]
}

// state walks over the numbers.
func (q *quantile) state(c *snapshot.Codec) {
	snapshot.Slice(c, &q.seen, func(x *int32) { snapshot.Int(c, x) })
	snapshot.Int(c, &q.next)
	if !c.Reading() {
		return
	}
	if len(q.seen) > q.window || q.next < 0 || q.next > 0 && (len(q.seen) < q.window || q.next >= q.window) {
		c.Fail("%d numbers, the oldest at %d, in a window of %d", len(q.seen), q.next, q.window)
		q.reset()
	}
	q.sorted = append(q.sorted[:0], q.seen...)
	slices.Sort(q.sorted)
}
