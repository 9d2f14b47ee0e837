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
	loadUpdate    = 1.0   // s between updates of the weights (weight_update_period)
	loadBlackout  = 10.0  // s that a server must have reported for (blackout_period)
	loadExpiry    = 180.0 // s after which a weight is stale (weight_expiration_period)
	loadMinWeight = 0.01  // the least weight, relative to the mean weight
	loadMaxWeight = 10.0  // the largest weight, relative to the mean weight

	// loadWindow is the number of updates over which a server's counters are
	// compared: 10 s, as often as gRPC's servers report (oob_reporting_period).
	loadWindow = 10

	// loadMinUtilisation is the least utilisation that a weight is computed
	// with, since that of an idle server would have no bound. It is our choice.
	loadMinUtilisation = 1e-3
)

// counters are what a server has reported at one time.
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
// where qps is the number of requests that it completed in a second, for all LBs,
// and utilisation is the processor time that they took divided by capacity times
// time. Both are differences of its counters over the latest 10 s, computed anew
// each second. A weight is used from the time when its server has reported for
// 10 s (the first of them after about 11 s) until 3 minutes after the server's
// last report in which something was done. A server without a usable weight gets
// the mean of the others; while fewer than two servers have one, all servers
// weigh the same. A server that was out must report for 10 s again.
//
// The servers' turns go by earliest deadline, each server's first one at a random
// moment of its interval. A new weight stretches what is left of an interval,
// whereas gRFC A58 draws all first turns anew each second. Failures do not enter
// the weights, because the counters do not tell of them. Where servers tell
// nothing (View.Reports is nil) the rule is plain round robin.
type ReportedLoad struct {
	capacity []float64
	schedule schedule
	interval []float64 // by server, the mean weight over its weight
	started  bool      // the servers have had their first turns set

	updates        int        // times that the counters were read
	times          []float64  // s, when they were read the latest times; a ring
	history        []counters // by place in the ring, then by server
	weight         []float64  // by server, qps / utilisation, as last computed
	reportedAt     []float64  // s, by server, when its weight was computed
	reportingSince []float64  // s, by server, when it first reported; +Inf if it has not
}

// NewReportedLoad returns the rule for the given positive capacities.
func NewReportedLoad(capacity []float64) (*ReportedLoad, error) {
	if err := checkWeights(capacity); err != nil {
		return nil, err
	}
	n := len(capacity)
	r := &ReportedLoad{
		capacity: slices.Clone(capacity), schedule: newSchedule(n), interval: make([]float64, n),
		times: make([]float64, loadWindow), history: make([]counters, loadWindow*n),
		weight: make([]float64, n), reportedAt: make([]float64, n), reportingSince: make([]float64, n),
	}
	r.Reset()
	return r, nil
}

// Reset implements Resetter.
func (r *ReportedLoad) Reset() {
	r.schedule.reset()
	r.started, r.updates = false, 0
	clear(r.times)
	clear(r.history)
	clear(r.weight)
	clear(r.reportedAt)
	for j := range r.reportingSince {
		r.reportingSince[j], r.interval[j] = math.Inf(1), 1
	}
}

// Pick implements Rule.
func (r *ReportedLoad) Pick(v *View) int {
	r.updateMembers(v)
	if v.Reports != nil && (r.updates == 0 || v.Now >= r.times[(r.updates-1)%loadWindow]+loadUpdate) {
		r.readCounters(v)
	}
	server := r.schedule.next()
	r.schedule.put(server, r.interval[server])
	return server
}

// updateMembers takes over from the View which servers are out.
func (r *ReportedLoad) updateMembers(v *View) {
	switch {
	case !r.started:
		for j := range r.capacity {
			if !v.out(j) {
				r.schedule.start(j, r.interval[j], v.Rand)
			}
		}
		r.started = true
	case v.changed == nil:
		for j := range r.capacity {
			r.updateMember(v, j)
		}
	default:
		for _, j := range v.changed {
			r.updateMember(v, int(j))
		}
	}
}

// updateMember gives turns to a server that came in and takes them from one that
// went out.
func (r *ReportedLoad) updateMember(v *View, server int) {
	switch out := v.out(server); {
	case out && r.schedule.scheduled(server):
		r.schedule.remove(server)
	case !out && !r.schedule.scheduled(server):
		r.reportingSince[server], r.interval[server] = math.Inf(1), 1
		r.schedule.put(server, 1)
	}
}

// readCounters reads the counters of all servers and computes their intervals.
func (r *ReportedLoad) readCounters(v *View) {
	n, place := len(r.capacity), r.updates%loadWindow
	oldest := 0 // place in the ring of the counters to compare with
	if r.updates >= loadWindow {
		oldest = place // it is about to be written over
	}
	span := v.Now - r.times[oldest]
	for j := range n {
		completed, busy := v.Reports.Load(j)
		now, then := counters{completed, busy}, r.history[oldest*n+j]
		if r.updates > 0 && r.schedule.scheduled(j) {
			r.addReport(j, v.Now, span, counters{now.completed - then.completed, now.busy - then.busy})
		}
		r.history[place*n+j] = now
	}
	r.times[place] = v.Now
	r.updates++
	r.setIntervals(v.Now)
}

// addReport computes a server's weight from what it did in a span of time (s). If
// it did nothing its former weight stays.
func (r *ReportedLoad) addReport(server int, now, span float64, did counters) {
	if did.completed <= 0 || !(did.busy > 0) {
		return
	}
	if math.IsInf(r.reportingSince[server], 1) {
		r.reportingSince[server] = now
	}
	qps := float64(did.completed) / span
	utilisation := did.busy / (r.capacity[server] * span)
	r.weight[server], r.reportedAt[server] = qps/max(utilisation, loadMinUtilisation), now
}

// setIntervals computes the servers' intervals from the weights that are usable.
func (r *ReportedLoad) setIntervals(now float64) {
	sum, count := 0.0, 0
	for j, w := range r.weight {
		if now-r.reportedAt[j] >= loadExpiry {
			r.reportingSince[j] = math.Inf(1)
		}
		if r.usable(j, now) {
			sum += w
			count++
		}
	}
	mean := sum / float64(count)
	for j, w := range r.weight {
		if !r.schedule.scheduled(j) {
			continue
		}
		interval := 1.0
		if count >= 2 && r.usable(j, now) {
			interval = 1 / min(max(w/mean, loadMinWeight), loadMaxWeight)
		}
		if interval == r.interval[j] {
			continue
		}
		left := r.schedule.deadlines()[j] - r.schedule.now
		r.schedule.put(j, left*(interval/r.interval[j]))
		r.interval[j] = interval
	}
}

// usable says whether a server's weight may be used.
func (r *ReportedLoad) usable(server int, now float64) bool {
	return r.schedule.scheduled(server) && now-r.reportingSince[server] >= loadBlackout
}

// State implements snapshot.Stater.
func (r *ReportedLoad) State(c *snapshot.Codec) {
	r.schedule.state(c)
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
	for _, values := range [][]float64{r.times, r.weight, r.reportedAt} {
		snapshot.Fixed(c, values, finite)
	}
	snapshot.Fixed(c, r.interval, func(x *float64) {
		c.Float64(x)
		if !(*x >= 1/loadMaxWeight && *x <= 1/loadMinWeight) {
			c.Fail("an interval of %g", *x)
		}
	})
	snapshot.Fixed(c, r.reportingSince, func(x *float64) {
		c.Float64(x)
		if !(*x >= 0) {
			c.Fail("a report since %g s", *x)
		}
	})
	snapshot.Fixed(c, r.history, func(x *counters) {
		snapshot.Int(c, &x.completed)
		finite(&x.busy)
	})
	if c.Err() != nil {
		r.Reset()
	}
}
