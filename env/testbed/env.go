package testbed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"fairlb/env"
	"fairlb/env/observe"
)

var (
	_ env.Env         = (*Env)(nil)
	_ env.GroundTruth = (*Env)(nil)
)

// Env is the live environment: an agent for each of several planes whose servers are
// the same. Step k of an episode ends at the moment k step intervals after the Reset,
// by the clock. One that is taken later, because whoever steers or this machine was
// slow, says by how much (env.Step.Late); no other moment moves for that, so that an
// agent that was slow for three intervals takes the next three steps at once.
type Env struct {
	cfg   Config
	spec  env.Spec
	names []string // of the servers, in the order of the agents
	lbs   []lb

	step       env.Step
	ongoing    []float64
	start      time.Time
	stepsTaken int // in this episode; -1 where there is none
	episode    Episode
}

// Episode says which episode an Env is in, so that what others have logged can be put
// beside it.
type Episode struct {
	ID    string    // differs from those of all other episodes
	Seed  uint64    // as Reset was given it
	Start time.Time // the moment from which steps count
	Step  int       // steps taken
}

// lb is one plane as the environment sees it.
type lb struct {
	plane   Plane
	reading Reading
	counts  IntervalCounts
	slots   []int     // by server, its slot; -1: the plane does not have it
	weights []float64 // by slot
	gone    time.Time // since when the plane has been gone; zero: it is there
}

// New returns the environment of a number of planes. Each must have published
// something within Config.Patience, and all must have the same servers.
func New(ctx context.Context, cfg Config) (*Env, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = SystemClock{}
	}
	e := &Env{cfg: cfg, stepsTaken: -1, names: slices.Clone(cfg.Servers)}
	for _, p := range cfg.Planes {
		e.lbs = append(e.lbs, lb{plane: p})
	}
	if err := e.readAll(ctx); err != nil {
		return nil, err
	}
	if err := e.matchServers(); err != nil {
		return nil, err
	}
	m, n := len(e.lbs), len(e.names)
	e.spec = env.Spec{
		Agents: m, Servers: n, StepInterval: cfg.StepInterval, Features: observe.Features(), Steps: cfg.Steps,
		Action: env.ActionSpec{Low: math.Exp(-cfg.MaxLogWeight), High: math.Exp(cfg.MaxLogWeight)},
	}
	e.ongoing = make([]float64, n)
	e.step.Reward, e.step.Stale = make([]float64, m), make([]bool, m)
	for i := range e.lbs {
		e.lbs[i].slots = make([]int, n)
		e.step.Obs = append(e.step.Obs, make([]float32, n*len(e.spec.Features)))
		e.step.Load = append(e.step.Load, make([]float64, n))
		e.step.ServerReward = append(e.step.ServerReward, make([]float64, n))
		e.step.Counts = append(e.step.Counts, make([]env.ServerCounts, n))
	}
	return e, nil
}

// Servers names the servers in the order of observations and weights.
func (e *Env) Servers() []string { return slices.Clone(e.names) }

// Episode returns what there is to know of the present episode; its ID is empty before
// the first Reset.
func (e *Env) Episode() Episode {
	ep := e.episode
	ep.Step = max(0, e.stepsTaken)
	return ep
}

// matchServers checks that all planes have the servers that are named, or finds the
// names: those of the first plane, which all others must have too.
func (e *Env) matchServers() error {
	if len(e.names) == 0 {
		e.names = serverNames(&e.lbs[0].reading)
		slices.SortFunc(e.names, CompareNames)
	}
	if len(e.names) == 0 {
		return fmt.Errorf("%w: the planes have no servers", ErrConfig)
	}
	var faults []error
	for i := range e.lbs {
		has := serverNames(&e.lbs[i].reading)
		var missing, other []string
		for _, name := range e.names {
			if !slices.Contains(has, name) {
				missing = append(missing, name)
			}
		}
		for _, name := range has {
			if !slices.Contains(e.names, name) {
				other = append(other, name)
			}
		}
		if missing != nil {
			faults = append(faults, fmt.Errorf("%w: plane %d lacks the servers %s", ErrConfig, i, strings.Join(missing, ", ")))
		}
		if other != nil {
			faults = append(faults, fmt.Errorf("%w: plane %d has servers that are not wanted: %s", ErrConfig, i, strings.Join(other, ", ")))
		}
	}
	return errors.Join(faults...)
}

// serverNames lists the servers of a reading, by slot.
func serverNames(r *Reading) []string {
	var names []string
	for _, s := range r.Servers {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	return names
}

// Spec implements env.Env.
func (e *Env) Spec() env.Spec { return e.spec }

// Reset implements env.Env. The traffic, and so the episode, follows from the seed as
// far as Config.Begin makes it so. All weights are 1 until the first action.
func (e *Env) Reset(ctx context.Context, seed uint64) (env.Step, error) {
	if err := ctx.Err(); err != nil {
		return env.Step{}, err
	}
	e.stepsTaken = -1
	if e.cfg.Begin != nil {
		if err := e.cfg.Begin(ctx, seed); err != nil {
			return env.Step{}, fmt.Errorf("testbed: beginning the traffic: %w", err)
		}
	}
	if err := e.readAll(ctx); err != nil {
		return env.Step{}, err
	}
	equal := make([]float64, len(e.names))
	for j := range equal {
		equal[j] = 1
	}
	for i := range e.lbs {
		x := &e.lbs[i]
		x.gone = time.Time{}
		x.locate(e.names)
		if err := x.write(equal); err != nil {
			return env.Step{}, fmt.Errorf("plane %d: %w", i, err)
		}
		x.counts = IntervalCounts{}
		x.counts.Next(&x.reading)
	}
	e.start, e.stepsTaken = e.cfg.Clock.Now(), 0
	e.episode = Episode{ID: fmt.Sprintf("%s-%d", e.start.UTC().Format("20060102T150405.000000000Z"), seed), Seed: seed, Start: e.start}
	e.observe()
	s := &e.step
	s.Time, s.Late, s.Truncated, s.Interval = 0, 0, false, env.Interval{}
	clear(s.Reward)
	clear(s.Stale)
	for i := range e.lbs {
		clear(s.ServerReward[i])
		clear(s.Counts[i])
	}
	return *s, nil
}

// Step implements env.Env. A plane that is gone, or has no news, is marked as stale: it
// is observed as it was, and gets its weights with the next action after its return. After
// an error of a plane the episode cannot go on.
func (e *Env) Step(ctx context.Context, actions [][]float64) (env.Step, error) {
	switch {
	case e.stepsTaken < 0:
		return env.Step{}, env.ErrNotReset
	case e.spec.Steps > 0 && e.stepsTaken >= e.spec.Steps:
		return env.Step{}, env.ErrEpisodeOver
	}
	if err := ctx.Err(); err != nil {
		return env.Step{}, err
	}
	if actions != nil {
		if err := e.spec.CheckActions(actions); err != nil {
			return env.Step{}, err
		}
	}
	if err := e.act(actions); err != nil {
		e.stepsTaken = -1
		return env.Step{}, err
	}
	e.stepsTaken++
	s := &e.step
	s.Time = float64(e.stepsTaken) * e.spec.StepInterval
	moment := e.start.Add(time.Duration(s.Time * float64(time.Second)))
	if err := e.cfg.Clock.WaitUntil(ctx, moment); err != nil {
		e.stepsTaken = -1
		return env.Step{}, err
	}
	s.Late = max(0, e.cfg.Clock.Now().Sub(moment).Seconds())
	s.Truncated = e.stepsTaken == e.spec.Steps
	if err := e.readStep(); err != nil {
		e.stepsTaken = -1
		return env.Step{}, err
	}
	e.observe()
	return *s, nil
}

// act gives every plane that is there the weights of an action, or a sign of life where
// there are none.
func (e *Env) act(actions [][]float64) error {
	for i := range e.lbs {
		x := &e.lbs[i]
		var err error
		if actions != nil {
			err = x.write(actions[i])
		}
		if err == nil {
			err = x.plane.Beat()
		}
		if err = e.patient(x, err); err != nil {
			return fmt.Errorf("plane %d: %w", i, err)
		}
	}
	return nil
}

// patient returns an error of a plane, unless it is one that may pass and has lasted for
// less than Config.Patience.
func (e *Env) patient(x *lb, err error) error {
	if !errors.Is(err, ErrPlaneGone) && !errors.Is(err, ErrNoReading) {
		return err
	}
	now := e.cfg.Clock.Now()
	if x.gone.IsZero() {
		x.gone = now
	}
	if now.Sub(x.gone).Seconds() > e.cfg.Patience {
		return err
	}
	return nil
}

// readStep reads all planes at the end of an interval, and counts.
func (e *Env) readStep() error {
	e.step.Interval = env.Interval{}
	for i := range e.lbs {
		x := &e.lbs[i]
		err := x.plane.Read(&x.reading)
		if err := e.patient(x, err); err != nil {
			return fmt.Errorf("plane %d: %w", i, err)
		}
		if err == nil {
			x.gone = time.Time{}
			if err := x.reading.Check(len(e.spec.Features)); err != nil {
				return fmt.Errorf("plane %d: %w", i, err)
			}
		}
		counts, news := x.counts.Next(&x.reading)
		e.step.Stale[i] = err != nil || !news
		x.locate(e.names)
		for j, slot := range x.slots {
			n := env.ServerCounts{Absent: true}
			if slot >= 0 {
				n = counts[slot]
			}
			e.step.Counts[i][j] = n
			e.step.Interval.Arrived += n.Dispatched
			e.step.Interval.Completed += n.Completed
			e.step.Interval.Failed += n.Failed
			e.step.Interval.CompletionSum += n.Durations + float64(n.Failed)*e.cfg.Timeout
		}
	}
	return nil
}

// observe fills the observations, load estimates and rewards of the step.
func (e *Env) observe() {
	features := len(e.spec.Features)
	for i := range e.lbs {
		x := &e.lbs[i]
		for j, slot := range x.slots {
			row := e.step.Obs[i][j*features : (j+1)*features]
			x.reading.Row(row, slot)
			e.step.Load[i][j], e.ongoing[j] = x.reading.LoadOf(slot), 0
			if slot >= 0 {
				e.ongoing[j] = float64(max(0, x.reading.Servers[slot].Ongoing))
			}
		}
		e.step.Reward[i] = e.cfg.Reward.ByServer(e.step.ServerReward[i], e.step.Load[i], e.ongoing)
	}
}

// readAll reads every plane, and waits for those that have published nothing yet, for
// Config.Patience at most.
func (e *Env) readAll(ctx context.Context) error {
	begin := e.cfg.Clock.Now()
	deadline := begin.Add(time.Duration(e.cfg.Patience * float64(time.Second)))
	for i := range e.lbs {
		x := &e.lbs[i]
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			err := x.plane.Read(&x.reading)
			if err == nil {
				break
			}
			now := e.cfg.Clock.Now()
			if !errors.Is(err, ErrNoReading) && !errors.Is(err, ErrPlaneGone) || !now.Before(deadline) {
				return fmt.Errorf("plane %d: %w", i, err)
			}
			if err := e.cfg.Clock.WaitUntil(ctx, now.Add(pause)); err != nil {
				return err
			}
		}
	}
	return nil
}

// How long a plane that is not there is left alone between two attempts to read it.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
)

// Truth implements env.GroundTruth: no live load balancer knows it.
func (e *Env) Truth(*env.Truth) error { return env.ErrUnsupported }

// Close implements env.Env.
func (e *Env) Close() error {
	e.stepsTaken = -1
	var faults []error
	for i := range e.lbs {
		if err := e.lbs[i].plane.Close(); err != nil {
			faults = append(faults, fmt.Errorf("plane %d: %w", i, err))
		}
	}
	return errors.Join(faults...)
}

// locate finds the slot of each server.
func (x *lb) locate(names []string) {
	servers := x.reading.Servers
	for j, name := range names {
		if slot := x.slots[j]; slot >= 0 && slot < len(servers) && servers[slot].Name == name {
			continue
		}
		x.slots[j] = slices.IndexFunc(servers, func(s Server) bool { return s.Name == name })
	}
}

// write gives the servers their weights, and those that nobody named the mean.
func (x *lb) write(weights []float64) error {
	mean := 0.0
	for _, w := range weights {
		mean += w / float64(len(weights))
	}
	x.weights = x.weights[:0]
	for range x.reading.Servers {
		x.weights = append(x.weights, mean)
	}
	for j, slot := range x.slots {
		if slot >= 0 {
			x.weights[slot] = weights[j]
		}
	}
	return x.plane.Write(x.weights)
}
