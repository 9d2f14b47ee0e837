package sim

import (
	"context"
	"fmt"
	"math"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/observe"
)

var (
	_ env.Env         = (*Env)(nil)
	_ env.Drainer     = (*Env)(nil)
	_ env.GroundTruth = (*Env)(nil)
)

// Env is the simulated environment.
type Env struct {
	cfg    Config
	spec   env.Spec
	engine *engine

	step       env.Step
	ongoing    []float64 // q_ij of one LB, as a reward wants it
	stepsTaken int       // steps taken in this episode; -1 where there is none
}

// New returns the environment that cfg describes, before its first Reset.
func New(cfg Config) (*Env, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	m, n := cfg.LBs, len(cfg.Servers)
	e := &Env{cfg: cfg, stepsTaken: -1, ongoing: make([]float64, n)}
	e.spec = env.Spec{
		Agents: m, Servers: n, StepInterval: cfg.StepInterval,
		Features: observe.Features(),
		Steps:    int(math.Round(cfg.Duration / cfg.StepInterval)),
		Action:   env.ActionSpec{Low: math.Exp(-cfg.MaxLogWeight), High: math.Exp(cfg.MaxLogWeight)},
	}
	rules := make([]dispatch.Rule, m)
	for i := range rules {
		var err error
		if rules[i], err = e.cfg.rule(i); err != nil {
			return nil, err
		}
	}
	e.engine = newEngine(&e.cfg, rules)
	e.step.Reward = make([]float64, m)
	for range m {
		e.step.Obs = append(e.step.Obs, make([]float32, n*len(e.spec.Features)))
		e.step.Load = append(e.step.Load, make([]float64, n))
		e.step.ServerReward = append(e.step.ServerReward, make([]float64, n))
	}
	return e, nil
}

// Spec implements env.Env.
func (e *Env) Spec() env.Spec { return e.spec }

// Reset implements env.Env.
func (e *Env) Reset(ctx context.Context, seed uint64) (env.Step, error) {
	if err := ctx.Err(); err != nil {
		return env.Step{}, err
	}
	if e.cfg.weighted() {
		for _, b := range e.engine.balancers {
			if err := b.SetWeights(e.cfg.initialWeights()); err != nil {
				return env.Step{}, err
			}
		}
	}
	e.stepsTaken = -1 // where the reset fails there is no episode
	if err := e.engine.reset(seed); err != nil {
		return env.Step{}, err
	}
	e.stepsTaken = 0
	s := &e.step
	s.Time, s.Terminated, s.Truncated, s.Interval = 0, false, false, env.Interval{}
	s.Flows, s.Counts = nil, nil
	clear(s.Reward)
	for i := range s.Obs {
		clear(s.Obs[i])
		clear(s.Load[i])
		clear(s.ServerReward[i])
	}
	return *s, nil
}

// Step implements env.Env. Weights are relative: LB i's requests go to
// argmin_j (q_ij + 1) / a_ij.
func (e *Env) Step(ctx context.Context, actions [][]float64) (env.Step, error) {
	switch {
	case e.stepsTaken < 0:
		return env.Step{}, env.ErrNotReset
	case e.stepsTaken >= e.spec.Steps:
		return env.Step{}, env.ErrEpisodeOver
	}
	if err := ctx.Err(); err != nil {
		return env.Step{}, err
	}
	if err := e.setWeights(actions); err != nil {
		return env.Step{}, err
	}
	e.engine.interval = env.Interval{}
	e.engine.resetCounts()
	e.engine.endedFlows, e.engine.currentStep = e.engine.endedFlows[:0], e.stepsTaken
	e.stepsTaken++
	now := float64(e.stepsTaken) * e.spec.StepInterval
	if err := e.engine.advance(ctx, now); err != nil {
		e.stepsTaken = e.spec.Steps // the episode cannot go on
		return env.Step{}, err
	}
	e.step.Time = now
	e.step.Truncated = e.stepsTaken == e.spec.Steps
	e.step.Interval = e.engine.interval
	e.step.Flows = e.intervalFlows()
	e.step.Counts = e.engine.intervalCounts()
	if e.cfg.Observe {
		e.observe(now)
	}
	return e.step, nil
}

// intervalFlows returns the flows that ended in the interval; nil if there are
// none.
func (e *Env) intervalFlows() []env.Flow {
	if len(e.engine.endedFlows) == 0 {
		return nil
	}
	return e.engine.endedFlows
}

// setWeights gives the LBs the weights of an action; nil leaves them.
func (e *Env) setWeights(actions [][]float64) error {
	if actions == nil {
		return nil
	}
	if !e.cfg.weighted() {
		rule := e.cfg.Heuristic
		if rule == "" {
			rule = "that Config.Rule makes"
		}
		return fmt.Errorf("%w: the dispatch rule %s takes no weights", env.ErrAction, rule)
	}
	if err := e.spec.CheckActions(actions); err != nil {
		return err
	}
	for i, b := range e.engine.balancers {
		if err := b.SetWeights(actions[i]); err != nil {
			return err
		}
	}
	return nil
}

// observe fills the observations, load estimates and rewards of the step.
func (e *Env) observe(now float64) {
	for i, b := range e.engine.balancers {
		b.Observe(now, e.step.Obs[i], e.step.Load[i])
		for j, n := range b.Ongoing() {
			e.ongoing[j] = float64(n)
		}
		e.step.Reward[i] = e.cfg.Reward.ByServer(e.step.ServerReward[i], e.step.Load[i], e.ongoing)
	}
}

// Drain implements env.Drainer. No more requests arrive, and those in flight run
// until they have ended.
func (e *Env) Drain(ctx context.Context) error {
	if e.stepsTaken < 0 {
		return env.ErrNotReset
	}
	e.engine.arrival.Time = math.Inf(1)
	e.stepsTaken = e.spec.Steps
	for e.engine.inFlight > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.engine.advance(ctx, e.engine.now+10); err != nil {
			return err
		}
	}
	return nil
}

// Close implements env.Env. After it, a Reset may still begin a new episode.
func (e *Env) Close() error {
	e.stepsTaken = -1
	return e.engine.closeSource()
}

// KeepCounts lets the steps of all episodes that follow carry counts, as Config.Counts does.
func (e *Env) KeepCounts() { e.cfg.Counts = true }

// Events returns the number of arrivals and stage completions of the episode so
// far.
func (e *Env) Events() int { return e.engine.events }

// Truth implements env.GroundTruth.
func (e *Env) Truth(t *env.Truth) error {
	if e.stepsTaken < 0 {
		return env.ErrNotReset
	}
	e.engine.readTruth(t)
	return nil
}
