package selftuning

import (
	"errors"
	"fmt"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/dispatch"
)

var _ agents.Actor = (*Actor)(nil)

// ErrNoCounts reports steps without env.Step.Counts.
var ErrNoCounts = errors.New("selftuning: the environment does not count by server")

// Config describes an Actor.
type Config struct {
	LBs      int
	Interval float64        // s between two actions
	Bounds   env.ActionSpec // of weights, of which 1 is that of a server of the pool's average
	Rule     dispatch.SelfTuningConfig
}

// Actor steers LBs by capacities that each estimates by itself. The number of servers
// is that of the weights which it is asked for, and may rise from one step to the next.
type Actor struct {
	cfg Config
	lbs []lb
}

// lb is what one LB knows.
type lb struct {
	capacities *dispatch.Capacities
	servers    []server
	pool       int // servers that are there
}

// server is what an LB knows of a server beside its capacity.
type server struct {
	present   bool
	probation probation
}

// New returns an Actor that knows nothing yet.
func New(cfg Config) (*Actor, error) {
	if cfg.LBs < 1 || !(cfg.Interval > 0) || !(cfg.Bounds.Low > 0 && cfg.Bounds.Low < 1 && cfg.Bounds.High > 1) {
		return nil, fmt.Errorf("selftuning: %d LBs, an interval of %g s, weights in [%g, %g]: must be positive, and bounds on both sides of 1",
			cfg.LBs, cfg.Interval, cfg.Bounds.Low, cfg.Bounds.High)
	}
	a := &Actor{cfg: cfg}
	for range cfg.LBs {
		capacities, err := dispatch.NewCapacities(1, cfg.Rule)
		if err != nil {
			return nil, err
		}
		a.lbs = append(a.lbs, lb{capacities: capacities, servers: make([]server, 1)})
	}
	return a, nil
}

// Reset implements agents.Actor: everything is forgotten.
func (a *Actor) Reset(uint64) {
	for i := range a.lbs {
		x := &a.lbs[i]
		x.capacities.Reset()
		clear(x.servers)
		x.pool = 0
	}
}

// Act implements agents.Actor. The weight of a server that is absent is 1.
func (a *Actor) Act(dst [][]float64, step *env.Step) error {
	if step.Counts == nil && step.Time > 0 {
		return ErrNoCounts
	}
	if len(dst) != len(a.lbs) || step.Counts != nil && len(step.Counts) != len(a.lbs) {
		return fmt.Errorf("selftuning: weights of %d LBs and counts of %d, for %d", len(dst), len(step.Counts), len(a.lbs))
	}
	for i := range a.lbs {
		x := &a.lbs[i]
		if step.Counts != nil {
			if len(step.Counts[i]) != len(dst[i]) {
				return fmt.Errorf("selftuning: LB %d: %d weights from counts of %d servers", i, len(dst[i]), len(step.Counts[i]))
			}
			x.learn(step.Counts[i], step.Time, a.cfg.Interval)
		}
		for j := range dst[i] {
			dst[i][j] = a.Weight(i, j)
		}
	}
	return nil
}

// learn takes in the counts of an interval that ended at the time now (s).
func (x *lb) learn(counts []env.ServerCounts, now, interval float64) {
	x.capacities.Grow(len(counts))
	for len(x.servers) < len(counts) {
		x.servers = append(x.servers, server{})
	}
	pool := 0
	for j := range counts {
		n, s := &counts[j], &x.servers[j]
		if s.present && (n.Absent || n.Joined) {
			x.capacities.Forget(j)
			s.probation = probation{}
		}
		if s.present = !n.Absent; s.present {
			pool++
		}
	}
	if pool != x.pool && pool > 0 {
		x.capacities.SetPool(pool)
	}
	x.pool = pool
	for j := range counts {
		if n := &counts[j]; n.Completed > 0 {
			x.capacities.Add(j, uint64(n.Completed), n.OngoingSum, n.Durations)
		}
	}
	wait := max(interval, x.capacities.MeanDuration())
	for j := range counts {
		if counts[j].Absent {
			continue
		}
		x.servers[j].probation.learn(&counts[j], now, wait)
		x.capacities.Refresh(j)
	}
}

// Rate returns LB lb's estimate of the rate (1/s) at which a server gets through the
// LB's flows; 0 where nothing is known.
func (a *Actor) Rate(lb, server int) float64 {
	if c := a.lbs[lb].capacities; server < c.Servers() {
		return c.Rate(server)
	}
	return 0
}

// OnProbation says whether a server that failed is kept from LB lb's flows, or is given
// only some of those that are its due.
func (a *Actor) OnProbation(lb, server int) bool {
	servers := a.lbs[lb].servers
	return server < len(servers) && servers[server].probation.factor() < 1
}

// Capacities returns LB lb's estimates, which are the Actor's own.
func (a *Actor) Capacities(lb int) *dispatch.Capacities { return a.lbs[lb].capacities }

// Trust returns the part of its due that a server gets from LB lb: 1, or less while it is
// on probation.
func (a *Actor) Trust(lb, server int) float64 {
	if servers := a.lbs[lb].servers; server < len(servers) {
		return servers[server].probation.factor()
	}
	return 1
}

// Weight returns the weight that LB lb last gave a server, within bounds.
func (a *Actor) Weight(lb, server int) float64 {
	x, w := &a.lbs[lb], 1.0
	if server < len(x.servers) && x.servers[server].present {
		w = x.capacities.Weight(server) * x.servers[server].probation.factor()
	}
	return min(max(w, a.cfg.Bounds.Low), a.cfg.Bounds.High)
}
