package inference

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/station"
)

// Config says how an LB infers and how it uses what it infers.
type Config struct {
	Servers []station.Server
	Demand  float64 // s, the mean demand of a request
	// Arrivals are the other LB's requests/s to each server while it has n
	// there, by n (Calibration.Rates); nil: nothing is inferred.
	Arrivals [][]float64
	// Trust is the part of the inferred number of requests, less its average
	// so far, that is added to the number of the LB's own: 0 is SED, and 1
	// takes what was inferred as certain.
	Trust float64
	// Order is what each place in an order of the servers adds to their scores.
	// The order is that of sed-ordered: servers of less capacity come first, and
	// servers of equal capacity are in an order that the second LB reverses. 0:
	// ties are broken at random. A tiny Order decides ties alone.
	Order     float64
	Particles int // of each server's Filter
}

// Rule is SED by the servers' true capacities, the LB's own requests, and what it
// infers of the other LB's requests.
type Rule struct {
	cfg      Config
	lb       int
	capacity []float64
	order    []float64 // by server, what its place in the order adds to its score

	sentAt  [][]float64 // by server, when its ongoing requests were sent, in order
	filters []*Filter
	mean    []float64 // by server, the average of what was inferred
	picks   int

	calibration *Calibration // nil: not kept
	tally       *Tally       // nil: not kept
}

var (
	_ dispatch.Rule      = (*Rule)(nil)
	_ dispatch.Completer = (*Rule)(nil)
	_ dispatch.Resetter  = (*Rule)(nil)
)

// NewRule returns the rule of an LB. The rule records in calibration how often it
// sends requests to a server, and in tally how near its inference comes to the truth.
// Either may be nil.
func NewRule(cfg Config, lb int, calibration *Calibration, tally *Tally) (*Rule, error) {
	if cfg.Arrivals != nil && (len(cfg.Arrivals) != len(cfg.Servers) || cfg.Particles < 1 || !(cfg.Demand > 0)) {
		return nil, fmt.Errorf("inference: rates for %d of %d servers, %d particles, a mean demand of %g s: want all rates, at least one particle, a positive demand",
			len(cfg.Arrivals), len(cfg.Servers), cfg.Particles, cfg.Demand)
	}
	r := &Rule{cfg: cfg, lb: lb, calibration: calibration, tally: tally}
	order := make([]int, len(cfg.Servers))
	for j, s := range cfg.Servers {
		r.capacity, order[j] = append(r.capacity, float64(s.CPUs)*s.Speed), j
	}
	if lb%2 == 1 {
		slices.Reverse(order)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.capacity[a], r.capacity[b]) })
	r.order = make([]float64, len(order))
	for place, j := range order {
		r.order[j] = cfg.Order * float64(place)
	}
	r.Reset()
	return r, nil
}

// Reset implements dispatch.Resetter.
func (r *Rule) Reset() {
	n := len(r.capacity)
	r.sentAt, r.mean, r.picks = make([][]float64, n), make([]float64, n), 0
	if r.cfg.Arrivals == nil {
		return
	}
	r.filters = nil
	rng := rand.New(env.Stream(uint64(r.lb), "inference"))
	for j, s := range r.cfg.Servers {
		r.filters = append(r.filters, NewFilter(s.CPUs, s.Speed/r.cfg.Demand, r.cfg.Arrivals[j], r.cfg.Particles, rng))
	}
}

// Pick implements dispatch.Rule.
func (r *Rule) Pick(v *dispatch.View) int {
	r.picks++
	best, least, ties := 0, math.Inf(1), 0
	for j := range r.capacity {
		own := float64(len(r.sentAt[j]))
		score := (own+1+r.others(j, v))/r.capacity[j] + r.order[j]
		switch {
		case score < least:
			best, least, ties = j, score, 1
		case score == least:
			if ties++; v.Rand.IntN(ties) == 0 {
				best = j
			}
		}
	}
	if r.calibration != nil {
		r.calibration.noteSent(r.lb, best, v.Now, len(r.sentAt[best]))
	}
	r.sentAt[best] = append(r.sentAt[best], v.Now)
	if r.filters != nil {
		r.filters[best].Sent()
	}
	return best
}

// others returns how many requests the other LB's requests at a server count for.
func (r *Rule) others(server int, v *dispatch.View) float64 {
	if r.filters == nil {
		return 0
	}
	f := r.filters[server]
	f.Advance(v.Now)
	inferred := f.Others()
	r.mean[server] += (inferred - r.mean[server]) / float64(r.picks)
	if r.tally != nil {
		own := len(r.sentAt[server])
		r.tally.add(server, inferred, float64(own), float64(int(v.Global.Outstanding(server))-own))
	}
	return r.cfg.Trust * (inferred - r.mean[server])
}

// Completed implements dispatch.Completer.
func (r *Rule) Completed(c dispatch.Completion) {
	server, now := c.Server, c.Now
	sent := r.sentAt[server]
	n := 0
	for k, moment := range sent { // now less the duration is that moment but for rounding
		if math.Abs(now-c.Duration-moment) < math.Abs(now-c.Duration-sent[n]) {
			n = k
		}
	}
	if r.calibration != nil {
		r.calibration.noteReturned(r.lb, server, now, len(sent))
	}
	r.sentAt[server] = append(sent[:n], sent[n+1:]...)
	if r.filters != nil {
		r.filters[server].Advance(now)
		r.filters[server].Returned(n)
	}
}
