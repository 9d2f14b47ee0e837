package inference

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"fairlb/env/dispatch"
	"fairlb/env/sim"
	"fairlb/env/station"
)

// ErrScenario reports an environment in which the assumptions of the Filter do not
// hold.
var ErrScenario = errors.New("inference: the scenario does not suit")

// Check reports, by ErrScenario, an environment in which the assumptions of the Filter
// do not hold: there must be two LBs, servers that work in order of arrival and do not
// change, and requests of one stage. That their demands are exponential it does not
// check.
func Check(cfg *sim.Config) error {
	var broken []string
	want := func(ok bool, rule string) {
		if !ok {
			broken = append(broken, rule)
		}
	}
	want(cfg.LBs == 2, "it must have two LBs")
	want(cfg.CPU == station.FIFO, "its servers must work in order of arrival (fifo)")
	want(cfg.Processors == station.Processors{}, "its processors must neither share cores nor contend")
	want(!cfg.UnseenRefusals && len(cfg.SYNRetries) == 0, "its load balancers must see what is refused, at once")
	want(len(cfg.Changes) == 0 && len(cfg.Random) == 0, "its servers must not change")
	want(len(cfg.Classes) == 1 && len(cfg.Classes[0].Stages) == 1, "its requests must be of one class and one stage")
	if len(broken) > 0 {
		return fmt.Errorf("%w: %s", ErrScenario, strings.Join(broken, "; "))
	}
	return nil
}

// Calibration counts how often each LB sends a request to a server while it has n of
// its own there. This is what the Filter of the other LB is told.
type Calibration struct {
	counts [][]occupancy // by LB and server
}

// occupancy is, by n, the time (s) during which an LB had n requests at a server,
// and how many it sent there in that time.
type occupancy struct {
	since      float64   // s, the time of the last change
	time, sent []float64 // by n
}

// NewCalibration returns a Calibration without counts.
func NewCalibration(lbs, servers int) *Calibration {
	c := &Calibration{}
	for range lbs {
		c.counts = append(c.counts, make([]occupancy, servers))
	}
	return c
}

// addTime adds the time since the last change, in which there were n requests.
func (o *occupancy) addTime(now float64, n int) {
	for len(o.time) <= n {
		o.time, o.sent = append(o.time, 0), append(o.sent, 0)
	}
	o.time[n] += max(now-o.since, 0) // a new episode begins at 0
	o.since = now
}

func (c *Calibration) noteSent(lb, server int, now float64, n int) {
	o := &c.counts[lb][server]
	o.addTime(now, n)
	o.sent[n]++
}

func (c *Calibration) noteReturned(lb, server int, now float64, n int) {
	c.counts[lb][server].addTime(now, n)
}

// minOccupancy is the time (s) with n requests that is needed to know a rate.
const minOccupancy = 60

// Rates returns the requests/s that an LB sends to each server, by the number that it
// has there. The list ends before the first number that was hardly met.
func (c *Calibration) Rates(lb int) [][]float64 {
	var out [][]float64
	for _, o := range c.counts[lb] {
		rates := []float64{0}
		for n, t := range o.time {
			if t < minOccupancy {
				break
			}
			rates = append(rates[:n], o.sent[n]/t)
		}
		out = append(out, rates)
	}
	return out
}

// Tally compares what was inferred with the truth, for every server at every arrival.
type Tally struct {
	moments []moments // by server
}

// moments are sums over arrivals: of what was inferred, of the LB's own requests, of
// the true number of the others' requests, and of their squares and products.
type moments struct {
	n                       float64
	inferred, own, truth    float64
	inferred2, own2, truth2 float64
	inferredTruth, ownTruth float64
}

// NewTally returns a Tally without observations.
func NewTally(servers int) *Tally { return &Tally{make([]moments, servers)} }

func (t *Tally) add(server int, inferred, own, truth float64) {
	m := &t.moments[server]
	m.n++
	m.inferred, m.own, m.truth = m.inferred+inferred, m.own+own, m.truth+truth
	m.inferred2, m.own2, m.truth2 = m.inferred2+inferred*inferred, m.own2+own*own, m.truth2+truth*truth
	m.inferredTruth, m.ownTruth = m.inferredTruth+inferred*truth, m.ownTruth+own*truth
}

// Explained returns the part of the variance of the others' requests that is explained
// by what was inferred and, for comparison, by the number of the LB's own requests
// alone. Each is the mean over servers of the squared correlation, weighted by the
// servers' variances.
func (t *Tally) Explained() (inferred, own float64) {
	total := 0.0
	for _, m := range t.moments {
		variance := m.truth2/m.n - m.truth/m.n*m.truth/m.n
		part := func(sum, squares, product float64) float64 {
			covariance := product/m.n - sum/m.n*m.truth/m.n
			return covariance * covariance / math.Max(squares/m.n-sum/m.n*sum/m.n, 1e-12)
		}
		inferred += part(m.inferred, m.inferred2, m.inferredTruth)
		own += part(m.own, m.own2, m.ownTruth)
		total += variance
	}
	return inferred / total, own / total
}

// Run simulates the episodes of the given seeds, one after the other. rules has the
// Config of each LB; calibration and tally, which may be nil, record what happens.
func Run(ctx context.Context, cfg sim.Config, seeds []uint64, rules []Config, calibration *Calibration, tally *Tally) error {
	cfg.Rule = func(lb int) (dispatch.Rule, error) { return NewRule(rules[lb], lb, calibration, tally) }
	e, err := sim.New(cfg)
	if err != nil {
		return err
	}
	defer e.Close()
	for _, seed := range seeds {
		if calibration != nil {
			calibration.restartClock()
		}
		step, err := e.Reset(ctx, seed)
		for err == nil && !step.Truncated {
			step, err = e.Step(ctx, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// restartClock notes that time starts at 0 again, because an episode begins.
func (c *Calibration) restartClock() {
	for _, list := range c.counts {
		for j := range list {
			list[j].since = 0
		}
	}
}
