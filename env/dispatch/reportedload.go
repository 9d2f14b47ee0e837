package dispatch

import (
	"math"
	"slices"

	"fairlb/env/snapshot"
)

var (
	_ Rule            = (*ReportedLoad)(nil)
	_ Resetter        = (*ReportedLoad)(nil)
	_ snapshot.Stater = (*ReportedLoad)(nil)
)

// The parameters of client-side weighted round robin: the defaults of gRPC
// (gRFC A58, WeightedRoundRobinLbConfig), and the bounds of its static stride
// scheduler.
const (
	loadUpdate   = 1.0   // s between updates of the weights (weight_update_period)
	loadBlackout = 10.0  // s that a server must have reported for (blackout_period)
	loadExpiry   = 180.0 // s after which a weight is stale (weight_expiration_period)
	loadLeast    = 0.01  // of the mean, the least weight
	loadMost     = 10.0  // of the mean, the largest

	// loadWindow is the number of updates over which a server's counters are
	// compared: 10 s, as often as gRPC's servers report (oob_reporting_period).
	loadWindow = 10

	// loadUtilisation is the least utilisation, ours: a server of which next
	// to nothing was used would weigh without bound.
	loadUtilisation = 1e-3
)

// counters are what a server has told at one time.
type counters struct {
	completed int
	busy      float64 // s of processor time
}

// ReportedLoad is client-side weighted round robin as gRPC does it (gRFC A58,
// weighted_round_robin; Envoy's client_side_weighted_round_robin): a server's
// weight is its reported
//
//	qps / utilisation
//
// where qps is what it completed for all LBs, a second, and utilisation the
// processor time that this took over capacity * time. Both are differences of
// its counters over the latest 10 s, taken anew each second. A weight counts
// once its server has reported for 10 s, so the first ones do from about 11 s
// on, and for 3 minutes after its last report in which something was done. A
// server without one weighs the mean of the others; while fewer than two have
// one all weigh the same. One that was out begins its 10 s again.
//
// Turns go by earliest deadline, each server's first at a random moment of its
// interval. New weights stretch what is left of an interval (gRFC A58 draws
// all first turns anew each second). Failures have no part in the weights:
// the counters do not tell of them. Where servers tell nothing (View.Servers
// is nil) it is plain round robin.
type ReportedLoad struct {
	capacity []float64
	turns    schedule
	interval []float64 // mean weight / weight, by server
	started  bool

	updates int        // so far
	times   []float64  // s, a ring of the latest updates
	told    []counters // by place in the ring and server
	weight  []float64  // by server, qps / utilisation as last reported
	at      []float64  // s, when that was
	since   []float64  // s, when it first reported; +Inf if it has not
}

// NewReportedLoad returns the rule for the given positive capacities.
func NewReportedLoad(capacity []float64) (*ReportedLoad, error) {
	if err := checkWeights(capacity); err != nil {
		return nil, err
	}
	n := len(capacity)
	r := &ReportedLoad{
		capacity: slices.Clone(capacity), turns: newSchedule(n), interval: make([]float64, n),
		times: make([]float64, loadWindow), told: make([]counters, loadWindow*n),
		weight: make([]float64, n), at: make([]float64, n), since: make([]float64, n),
	}
	r.Reset()
	return r, nil
}

// Reset implements Resetter.
func (r *ReportedLoad) Reset() {
	r.turns.reset()
	r.started, r.updates = false, 0
	clear(r.times)
	clear(r.told)
	clear(r.weight)
	clear(r.at)
	for j := range r.since {
		r.since[j], r.interval[j] = math.Inf(1), 1
	}
}

// Pick implements Rule.
func (r *ReportedLoad) Pick(v *View) int {
	r.members(v)
	if v.Servers != nil && (r.updates == 0 || v.Now >= r.times[(r.updates-1)%loadWindow]+loadUpdate) {
		r.update(v)
	}
	server := r.turns.turn()
	r.turns.put(server, r.interval[server])
	return server
}

// members lets servers in and out.
func (r *ReportedLoad) members(v *View) {
	switch {
	case !r.started:
		for j := range r.capacity {
			if !v.out(j) {
				r.turns.start(j, r.interval[j], v.Rand)
			}
		}
		r.started = true
	case v.changed == nil:
		for j := range r.capacity {
			r.follow(v, j)
		}
	default:
		for _, j := range v.changed {
			r.follow(v, int(j))
		}
	}
}

func (r *ReportedLoad) follow(v *View, server int) {
	switch out := v.out(server); {
	case out && r.turns.has(server):
		r.turns.drop(server)
	case !out && !r.turns.has(server):
		r.since[server], r.interval[server] = math.Inf(1), 1
		r.turns.put(server, 1)
	}
}

// update reads the counters and weighs the servers anew.
func (r *ReportedLoad) update(v *View) {
	n, place := len(r.capacity), r.updates%loadWindow
	oldest := 0
	if r.updates >= loadWindow {
		oldest = place // it is about to be written over
	}
	span := v.Now - r.times[oldest]
	for j := range n {
		completed, busy := v.Servers.Load(j)
		now, then := counters{completed, busy}, r.told[oldest*n+j]
		if r.updates > 0 && r.turns.has(j) {
			r.note(j, v.Now, span, counters{now.completed - then.completed, now.busy - then.busy})
		}
		r.told[place*n+j] = now
	}
	r.times[place] = v.Now
	r.updates++
	r.weigh(v.Now)
}

// note takes what a server did in a span of time (s) as its report. Where it
// did nothing the former one stays.
func (r *ReportedLoad) note(server int, now, span float64, did counters) {
	if did.completed <= 0 || !(did.busy > 0) {
		return
	}
	if math.IsInf(r.since[server], 1) {
		r.since[server] = now
	}
	qps := float64(did.completed) / span
	utilisation := did.busy / (r.capacity[server] * span)
	r.weight[server], r.at[server] = qps/max(utilisation, loadUtilisation), now
}

// weigh turns the weights that count into intervals.
func (r *ReportedLoad) weigh(now float64) {
	sum, count := 0.0, 0
	for j, w := range r.weight {
		if now-r.at[j] >= loadExpiry {
			r.since[j] = math.Inf(1)
		}
		if r.usable(j, now) {
			sum += w
			count++
		}
	}
	mean := sum / float64(count)
	for j, w := range r.weight {
		if !r.turns.has(j) {
			continue
		}
		interval := 1.0
		if count >= 2 && r.usable(j, now) {
			interval = 1 / min(max(w/mean, loadLeast), loadMost)
		}
		if interval == r.interval[j] {
			continue
		}
		left := r.turns.servers()[j] - r.turns.now
		r.turns.put(j, left*(interval/r.interval[j]))
		r.interval[j] = interval
	}
}

// usable says whether a server's weight counts.
func (r *ReportedLoad) usable(server int, now float64) bool {
	return r.turns.has(server) && now-r.since[server] >= loadBlackout
}

// State implements snapshot.Stater.
func (r *ReportedLoad) State(c *snapshot.Codec) {
	r.turns.state(c)
	c.Bool(&r.started)
	snapshot.Int(c, &r.updates)
	if r.updates < 0 {
		c.Fail("%d updates", r.updates)
	}
	finite := func(x *float64) {
		c.Float64(x)
		if !(*x >= 0 && *x <= math.MaxFloat64) {
			c.Fail("a weight, time or interval of %g", *x)
		}
	}
	for _, values := range [][]float64{r.times, r.weight, r.at} {
		snapshot.Fixed(c, values, finite)
	}
	snapshot.Fixed(c, r.interval, func(x *float64) {
		c.Float64(x)
		if !(*x >= 1/loadMost && *x <= 1/loadLeast) {
			c.Fail("an interval of %g", *x)
		}
	})
	snapshot.Fixed(c, r.since, func(x *float64) {
		c.Float64(x)
		if !(*x >= 0) {
			c.Fail("a report since %g s", *x)
		}
	})
	snapshot.Fixed(c, r.told, func(x *counters) {
		snapshot.Int(c, &x.completed)
		finite(&x.busy)
	})
	if c.Err() != nil {
		r.Reset()
	}
}
