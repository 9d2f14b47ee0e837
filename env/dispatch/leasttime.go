package dispatch

import (
	"fmt"
	"math"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*LeastTime)(nil)
	_ Completer       = (*LeastTime)(nil)
	_ Abandoner       = (*LeastTime)(nil)
	_ Resetter        = (*LeastTime)(nil)
	_ Follower        = (*LeastTime)(nil)
	_ Heir            = (*LeastTime)(nil)
	_ snapshot.Stater = (*LeastTime)(nil)
)

const (
	// leastTimeName is what New knows the rule by.
	leastTimeName = "least-time"

	// leastTimeFactor is what a completion leaves of the average before it, by default.
	// nginx does not say how it averages. The documentation of Angie PRO, a fork of nginx
	// with the same directive, does: response_time_factor, 90 %.
	leastTimeFactor = 0.9
)

// LeastTime is nginx Plus's "least_time last_byte inflight". A request goes to the
// server of least
//
//	average completion time * (own ongoing requests + 1) / capacity.
//
// What is public (ngx_http_upstream_module, directive least_time; "HTTP Load Balancing"
// in the admin guide) is: the least average response time and the least number of active
// connections, weights taken into account; the time is that of the whole response
// (last_byte); incomplete requests are taken into account, too (inflight); servers that
// tie are tried in turn by a weighted round robin. nginx's passive health check is part
// of it, with its defaults: one failure, and the server gets no request for 10 s, then a
// single one (type accrual). Where that holds all servers, they are chosen as before.
//
// What is not public is ours. (a) The two are multiplied. (b) The average is exponential
// over successful completions: each leaves Factor of what was before. (c) Incomplete
// requests enter the average with their ages up to now, each as one completion where
// what is averaged stands for 1 / (1 - Factor), 10. (d) A server that has not completed a
// request is the first while it has none, so that it is tried, and comes after all that
// are measured while it has some, the one of fewest (own requests + 1) / capacity first.
// (e) Of servers that tie, which are common only before the first completions, the one
// with the fewest requests so far for its capacity has the next.
//
// The ages grow from one pick to the next, so that servers pass each other without any
// event. The least score is kept as a kinetic tournament: each inner node of a binary
// tree knows the lesser of its two servers and until when it stays that. An event costs
// O(log servers), as does each passing of servers that meet in a node.
type LeastTime struct {
	capacity []float64 // relative to the largest
	factor   float64
	span     float64 // completions that the average stands for
	accrual  accrual

	average []float64 // s, by server; 0: nothing has completed there
	turns   []uint64  // by server, requests that it was picked for

	leaves int       // of the tournament, a power of two; server j is node leaves + j
	winner []int32   // by node
	until  []float64 // s, by inner node: the winner stays the lesser before this
	stale  []int32   // servers whose score has changed since the last pick, besides those that the View lists
	filled bool      // the tournament has been played
}

// newLeastTime returns the rule for New, with the constants that its name gives.
func newLeastTime(o Options) (Rule, error) {
	factor := leastTimeFactor
	o.constants.set("factor", &factor)
	if !(factor >= 0 && factor < 1) {
		return nil, fmt.Errorf("dispatch: %s: factor is %g: must be in [0, 1)", leastTimeName, factor)
	}
	if err := checkWeights(o.Capacity); err != nil {
		return nil, err
	}
	n, leaves := len(o.Capacity), 1
	for leaves < n {
		leaves *= 2
	}
	r := &LeastTime{
		capacity: relative(o.Capacity), factor: factor, span: 1 / (1 - factor), accrual: newAccrual(n, o.LB, nginxAccrual()),
		average: make([]float64, n), turns: make([]uint64, n),
		leaves: leaves, winner: make([]int32, 2*leaves), until: make([]float64, leaves), stale: make([]int32, 0, n),
	}
	for k := range leaves {
		r.winner[leaves+k] = int32(k)
	}
	return r, nil
}

// Reset implements Resetter.
func (r *LeastTime) Reset() {
	clear(r.average)
	clear(r.turns)
	r.accrual.reset()
	r.stale, r.filled = r.stale[:0], false
}

// Pick implements Rule.
func (r *LeastTime) Pick(v *View) int {
	r.update(v)
	server := int(r.play(v, 1))
	r.sent(server)
	return server
}

// Follow implements Follower.
func (r *LeastTime) Follow(v *View, server int) {
	r.update(v)
	r.sent(server)
}

// update notes whose scores have changed.
func (r *LeastTime) update(v *View) {
	if v.changed == nil || !r.filled {
		r.filled = true
		for j := range r.average {
			r.forgetOut(v, j)
		}
		for node := range r.until {
			r.until[node] = math.Inf(-1)
		}
	} else {
		for _, list := range [][]int32{v.changed, r.stale} {
			for _, j := range list {
				r.forgetOut(v, int(j))
				r.touch(int(j))
			}
		}
	}
	r.stale = r.stale[:0]
	for server := r.accrual.endWait(v.Now); server >= 0; server = r.accrual.endWait(v.Now) {
		r.touch(server)
	}
}

// forgetOut makes a server alive that is out: whoever brings it back in knows that it
// works.
func (r *LeastTime) forgetOut(v *View, server int) {
	if v.left(server) {
		r.accrual.forget(server)
	}
}

// touch lets the nodes above a server be played anew.
func (r *LeastTime) touch(server int) {
	for node := (r.leaves + server) / 2; node >= 1 && !math.IsInf(r.until[node], -1); node /= 2 {
		r.until[node] = math.Inf(-1)
	}
}

// note remembers that a server's score has changed.
func (r *LeastTime) note(server int) {
	if len(r.stale) < cap(r.stale) {
		r.stale = append(r.stale, int32(server))
	} else {
		r.filled = false
	}
}

// sent notes that a request is sent to a server.
func (r *LeastTime) sent(server int) {
	r.turns[server]++
	r.accrual.sent(server)
	r.note(server)
}

// play returns the server of least score below a node, and plays anew those nodes of
// which it may be another than it was.
func (r *LeastTime) play(v *View, node int) int32 {
	if node >= r.leaves || r.until[node] > v.Now {
		return r.winner[node]
	}
	a, b := r.play(v, 2*node), r.play(v, 2*node+1)
	first, second := r.score(v, int(a)), r.score(v, int(b))
	if r.before(b, second, a, first) {
		a, b, first, second = b, a, second, first
	}
	until := passing(first, second, v.Now)
	for child := 2 * node; child < min(2*node+2, r.leaves); child++ {
		until = min(until, r.until[child])
	}
	r.winner[node], r.until[node] = a, until
	return a
}

// rising is a score that grows evenly.
type rising struct {
	value float64 // now; +Inf for a server that is out
	rate  float64 // by which it grows in a second
}

// passing returns the time (s) before which the lesser of two scores is sure to stay the
// lesser, a billionth of them left for rounding.
func passing(lesser, greater rising, now float64) float64 {
	closing := lesser.rate - greater.rate
	if math.IsInf(greater.value, 1) || closing <= 0 {
		return math.Inf(1)
	}
	gap := greater.value - lesser.value - 1e-9*(greater.value+lesser.value)
	return now + max(gap, 0)/closing
}

// before says whether server a, of a score, comes before server b.
func (r *LeastTime) before(a int32, of rising, b int32, than rising) bool {
	if of.value != than.value || math.IsInf(of.value, 1) {
		return of.value < than.value
	}
	x, y := float64(r.turns[a])/r.capacity[a], float64(r.turns[b])/r.capacity[b]
	return x < y || x == y && a < b
}

// score returns a server's score, and how it grows.
func (r *LeastTime) score(v *View, server int) rising {
	if server >= len(r.average) || v.out(server) {
		return rising{value: math.Inf(1)}
	}
	q := float64(v.Ongoing[server])
	load := (q + 1) / r.capacity[server]
	var s rising
	switch average := r.average[server]; {
	case average > 0:
		s = rising{load * (r.span*average + v.Age(server)) / (r.span + q), load * q / (r.span + q)}
	case q > 0:
		s.value = ewmaPenalty * load
	}
	if r.accrual.holds(server) {
		s.value, s.rate = (s.value+1)*onProbationFactor, s.rate*onProbationFactor
	}
	return s
}

// Completed implements Completer.
func (r *LeastTime) Completed(c Completion) {
	r.note(c.Server)
	r.accrual.completed(c)
	switch old := r.average[c.Server]; {
	case c.Failed:
	case old == 0:
		r.average[c.Server] = max(c.Duration, 1e-9)
	default:
		r.average[c.Server] = max(r.factor*old+(1-r.factor)*c.Duration, 1e-9)
	}
}

// Abandoned implements Abandoner.
func (r *LeastTime) Abandoned(server int) {
	if r.accrual.abandon(server) {
		r.note(server)
	}
}

// Inherit implements Heir.
func (r *LeastTime) Inherit(old Rule, from []int) {
	o, ok := old.(*LeastTime)
	if !ok {
		return
	}
	r.Reset()
	r.accrual.inherit(&o.accrual, from)
	for j, k := range from {
		if k >= 0 {
			r.average[j], r.turns[j] = o.average[k], o.turns[k]
		}
	}
}

// State implements snapshot.Stater.
func (r *LeastTime) State(c *snapshot.Codec) {
	snapshot.Fixed(c, r.average, func(x *float64) {
		c.Float64(x)
		if !(*x >= 0 && *x <= math.MaxFloat64) {
			c.Fail("an average of %g s", *x)
		}
	})
	snapshot.Fixed(c, r.turns, c.Uint64)
	r.accrual.state(c)
	if !c.Reading() {
		return
	}
	r.filled = false
	if c.Err() != nil {
		r.Reset()
	}
}
