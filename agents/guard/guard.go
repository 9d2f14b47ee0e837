package guard

import (
	"errors"
	"fmt"
	"math"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/parallel"
)

var _ agents.Actor = (*Guard)(nil)

// Guard is an Actor that acts as another one does, as long as that does no harm, and
// as a fallback does otherwise. What it steers is judged as one: a live one steers
// one load balancer.
type Guard struct {
	cfg      Config
	actor    agents.Actor
	fallback agents.Actor

	pauses     pauses
	comparison comparison
	limits     []*Limits // by LB
	proposed   [][]float64
	asked      bool    // the actor was asked at the step before
	news       float64 // s, when each LB had last told something new
	seed       uint64  // of the episode
	decision   Decision
	changes    [reasons]uint64
}

// Decision is whose weights a step has, and why.
type Decision struct {
	Fallback bool // the fallback's, else the actor's
	Reason   Reason
	Changed  bool  // they were the other's at the step before, or for another reason
	Fault    error // of the actor, where it has one
	Asked    bool  // the actor has decided (Proposed), whether its weights are those of the step or not
	Limited  bool  // the actor's weights were changed by Limits
	Faults   int   // of the actor, less those that time has taken back
	Evidence float64
	Ratio    float64 // of mean times of flows under actor and fallback in the last block; 0: none yet
	Blocks   uint64  // that were compared
}

// New returns the guard of an actor. The fallback must take any number of servers and
// is relied upon: its errors are the Guard's.
func New(cfg Config, actor, fallback agents.Actor) (*Guard, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	g := &Guard{cfg: cfg, actor: actor, fallback: fallback}
	g.Reset(0)
	return g, nil
}

// Reset implements agents.Actor: everything is forgotten but what was counted.
func (g *Guard) Reset(seed uint64) {
	g.pauses = pauses{pause: g.cfg.Pause, most: g.cfg.MaxPause, clean: g.cfg.Clean}
	g.comparison = newComparison(g.cfg.Compare, g.cfg.Seed)
	g.limits = g.limits[:0]
	g.asked, g.news, g.seed = false, 0, seed
	g.decision = Decision{}
	g.fallback.Reset(seed)
}

// Decision returns what was decided last.
func (g *Guard) Decision() Decision { return g.decision }

// Proposed returns the weights that the actor last decided on, by LB, before Limits and
// whether they were taken or not.
func (g *Guard) Proposed() [][]float64 { return g.proposed }

// Changes returns how often the fallback began to act for a reason or, for Healthy, the
// actor again.
func (g *Guard) Changes(r Reason) uint64 { return g.changes[r] }

// Act implements agents.Actor.
func (g *Guard) Act(dst [][]float64, step *env.Step) error {
	if err := g.fallback.Act(dst, step); err != nil {
		return fmt.Errorf("guard: the fallback failed: %w", err)
	}
	g.makeRoom(dst)
	reason, fault := g.propose(dst, step)
	byFallback, why := g.decide(reason, step)
	d := &g.decision
	changed := byFallback != d.Fallback || byFallback && why != d.Reason
	*d = Decision{
		Fallback: byFallback, Reason: why, Changed: changed, Fault: fault, Asked: g.asked && fault == nil,
		Faults: g.pauses.faults, Evidence: g.comparison.evidence, Ratio: g.comparison.ratio, Blocks: g.comparison.blocks,
	}
	if changed {
		g.changes[why]++
	}
	g.write(dst, step)
	return nil
}

// makeRoom has limits for every LB and room for what the actor decides.
func (g *Guard) makeRoom(dst [][]float64) {
	for len(g.limits) < len(dst) {
		g.limits = append(g.limits, NewLimits(g.cfg.Limits))
	}
	for len(g.proposed) < len(dst) {
		g.proposed = append(g.proposed, make([]float64, g.cfg.Servers))
	}
}

// propose asks the actor, unless that is of no use now, and says what is wrong.
func (g *Guard) propose(dst [][]float64, step *env.Step) (reason Reason, fault error) {
	asked := g.asked
	g.asked = false
	switch reason := g.circumstances(dst, step); {
	case reason != Healthy:
		return reason, nil
	case g.pauses.phase == paused:
		return Healthy, nil
	}
	if !asked {
		g.actor.Reset(g.seed) // what it remembers is not of the steps before this one
	}
	g.asked = true
	if err := g.act(step); err != nil {
		g.asked = false
		var panicked *parallel.PanicError
		if errors.As(err, &panicked) {
			return Panicked, err
		}
		return Failed, err
	}
	for i, row := range g.proposed {
		for j, w := range row {
			if !(w >= g.cfg.Bounds.Low && w <= g.cfg.Bounds.High) {
				g.asked = false
				return Invalid, fmt.Errorf("guard: LB %d, server %d: the actor's weight is %g: must be in [%g, %g]", i, j, w, g.cfg.Bounds.Low, g.cfg.Bounds.High)
			}
		}
	}
	return Healthy, nil
}

// act lets the actor act on the servers that it knows.
func (g *Guard) act(step *env.Step) (err error) {
	defer parallel.Catch(&err)
	for _, row := range g.proposed {
		for j := range row {
			row[j] = math.NaN() // what it does not write is invalid
		}
	}
	return g.actor.Act(g.proposed, step)
}

// circumstances says what, beside the actor, speaks against its acting.
func (g *Guard) circumstances(dst [][]float64, step *env.Step) Reason {
	stale := false
	for _, s := range step.Stale {
		stale = stale || s
	}
	if !stale {
		g.news = step.Time
	}
	if step.Time-g.news > g.cfg.MaxAge {
		return Stale
	}
	for i, row := range dst {
		if len(row) < g.cfg.Servers {
			return Servers
		}
		for j := g.cfg.Servers; j < len(row); j++ {
			if step.Counts == nil || !step.Counts[i][j].Absent {
				return Servers
			}
		}
	}
	return Healthy
}

// decide says whose weights the next interval has, and why.
func (g *Guard) decide(reason Reason, step *env.Step) (byFallback bool, why Reason) {
	now := step.Time
	switch reason {
	case Stale, Servers:
		g.pauses.interrupt(now)
		g.comparison.restart(g.comparison.evidence)
		return true, reason
	case Failed, Panicked, Invalid:
		g.pauses.fault(now)
		return true, reason
	}
	if g.pauses.phase == acting && g.comparison.learn(step) {
		g.pauses.fault(now)
		g.comparison.restart(g.cfg.Compare.Evidence / 2) // when it is back, half of it is there already
		return true, Slow
	}
	if g.pauses.pass(now, g.comparison.evidence > 0) {
		g.comparison.restart(g.comparison.evidence)
		g.comparison.learn(step)
	}
	switch {
	case g.pauses.phase != acting:
		return true, g.decision.Reason
	case g.comparison.byFallback():
		return true, Comparison
	}
	return false, Healthy
}

// write puts the actor's weights, within limits, into dst, unless the fallback's stay.
func (g *Guard) write(dst [][]float64, step *env.Step) {
	for i, row := range dst {
		var counts []env.ServerCounts
		if step.Counts != nil {
			counts = step.Counts[i]
		}
		if g.decision.Fallback {
			g.limits[i].Wrote(row, step.Time)
			continue
		}
		copy(row, g.proposed[i]) // servers beyond are absent
		g.limits[i].Apply(row, counts, step.Time)
		for j, w := range g.proposed[i] {
			g.decision.Limited = g.decision.Limited || row[j] != w
		}
	}
}
