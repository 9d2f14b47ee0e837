package loopback

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"

	"github.com/gofrs/flock"

	"fairlb/env"
	"fairlb/env/observe"
	"fairlb/env/parallel"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/env/testbed/edge"
)

var (
	_ env.Env         = (*Env)(nil)
	_ env.Drainer     = (*Env)(nil)
	_ env.GroundTruth = (*Env)(nil)
)

// Env is the environment. Its servers live as long as it does; an episode has load
// balancers and clients of its own, which know nothing of those before.
type Env struct {
	cfg      Config
	sim      sim.Config
	spec     env.Spec
	folder   string       // of the load balancers' shared memory, sockets and settings
	lock     *flock.Flock // of the folder
	servers  servers
	edge     *edge.Edge         // nil: there is none
	stop     context.CancelFunc // of the servers
	running  *parallel.Group    // the servers
	before   int                // GOMAXPROCS
	episode  *episode           // nil: there is none
	begun    int                // episodes so far
	taken    int                // steps of the episode
	truth    env.Truth
	counting bool // steps carry counts, whoever steers
}

// New returns the environment, with its servers. Until it is closed, Go's scheduler has
// more processors (GOMAXPROCS).
func New(cfg Config) (*Env, error) {
	if err := errors.Join(Check(cfg.Scenario, cfg.Heuristic), cfg.Setup.Check(cfg.Scenario, cfg.Heuristic)); err != nil {
		return nil, err
	}
	s, err := cfg.Scenario.Config()
	if err != nil {
		return nil, err
	}
	e := &Env{cfg: cfg, sim: s}
	e.spec = env.Spec{
		Agents: s.LBs, Servers: len(s.Servers), StepInterval: s.StepInterval, Features: observe.Features(),
		Steps:  int(math.Round(s.Duration / s.StepInterval)),
		Action: env.ActionSpec{Low: math.Exp(-s.MaxLogWeight), High: math.Exp(s.MaxLogWeight)},
	}
	if e.cfg.Program == "" {
		if e.cfg.Program, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("loopback: %w", err)
		}
	}
	if err := e.makeFolder(); err != nil {
		return nil, fmt.Errorf("loopback: %w", err)
	}
	if e.servers, err = newServers(&s, cfg.Servers, cfg.Heuristic); err != nil {
		return nil, errors.Join(err, e.removeFolder())
	}
	if cfg.Edge == ECMP {
		if e.edge, err = edge.New(s.LBs); err != nil {
			return nil, errors.Join(err, e.servers.Close(), e.removeFolder())
		}
	}
	// A loop keeps a processor of Go's scheduler while it waits for a short time. With one
	// for each, and some for the rest, which of them runs is the kernel's to say.
	e.before = runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(max(e.before, processors))
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.running, ctx = parallel.NewGroup(ctx)
	e.running.Go(func() error { return e.servers.Run(ctx) })
	return e, nil
}

// processors are those of Go's scheduler: for the servers, the clients, whoever steers, and
// the runtime.
const processors = 4

// Spec implements env.Env.
func (e *Env) Spec() env.Spec { return e.spec }

// Reset implements env.Env: the clients begin.
func (e *Env) Reset(ctx context.Context, seed uint64) (env.Step, error) {
	if err := e.end(); err != nil {
		return env.Step{}, err
	}
	var err error
	if e.episode, err = e.begin(ctx, seed); err != nil {
		return env.Step{}, err
	}
	e.taken = 0
	step, err := e.episode.steps.Reset(ctx, seed)
	if err != nil {
		return env.Step{}, errors.Join(err, e.end())
	}
	e.sample(0)
	return step, nil
}

// Step implements env.Env.
func (e *Env) Step(ctx context.Context, actions [][]float64) (env.Step, error) {
	switch {
	case e.episode == nil:
		return env.Step{}, env.ErrNotReset
	case e.cfg.Heuristic != "" && actions != nil:
		return env.Step{}, fmt.Errorf("%w: the dispatch rule %s takes no weights", env.ErrAction, e.cfg.Heuristic)
	case e.episode.cause() != nil:
		e.episode.told = true
		return env.Step{}, e.episode.cause()
	}
	step, err := e.episode.steps.Step(ctx, actions)
	if err == nil {
		e.taken++
		e.episode.outcomes.hand(e.cfg.Recorder)
		e.sample(float64(e.taken) * e.spec.StepInterval)
	}
	return step, err
}

// sample shows the servers' true state to who wants it.
func (e *Env) sample(now float64) {
	if e.cfg.Sampler == nil {
		return
	}
	if interval := scenario.SampleInterval; e.spec.StepInterval < interval && math.Mod(now, interval) > 1e-9 {
		return
	}
	if err := e.servers.Truth(&e.truth); err == nil {
		e.cfg.Sampler.Sample(now, &e.truth)
	}
}

// Drain implements env.Drainer: it waits until all requests have ended, and records those
// that no step has.
func (e *Env) Drain(ctx context.Context) error {
	if e.episode == nil {
		return env.ErrNotReset
	}
	if err := e.episode.wait(ctx); err != nil {
		return err
	}
	if err := e.tell(ctx); err != nil {
		return err
	}
	e.episode.outcomes.hand(e.cfg.Recorder)
	return e.end()
}

// tell tells why the episode is no measurement, if it is none, and what else there is to
// know of it.
func (e *Env) tell(ctx context.Context) error {
	doubts, notes, err := e.episode.balancers.report(ctx)
	if err != nil {
		return err
	}
	for _, doubt := range slices.Concat(e.episode.result.Doubts(), e.servers.Doubts(), doubts) {
		if e.cfg.Doubt != nil {
			e.cfg.Doubt(e.episode.seed, doubt)
		}
	}
	for _, note := range notes {
		if e.cfg.Note != nil {
			e.cfg.Note(e.episode.seed, note)
		}
	}
	return nil
}

// end ends the episode, if there is one.
func (e *Env) end() error {
	if e.episode == nil {
		return nil
	}
	ep := e.episode
	e.episode = nil
	return ep.close()
}

// KeepCounts lets the steps of all episodes that follow carry counts, also where nobody
// steers the load balancers from here: each of ours is asked for its state at each step.
func (e *Env) KeepCounts() { e.counting = true }

// Weights returns those that agents of processes of their own have set, by LB and server, as
// of the last step; nil where there are no such agents or no counts are kept.
func (e *Env) Weights() [][]float64 {
	if e.episode == nil {
		return nil
	}
	return e.episode.balancers.weights()
}

// Truth implements env.GroundTruth.
func (e *Env) Truth(t *env.Truth) error { return e.servers.Truth(t) }

// Close implements env.Env.
func (e *Env) Close() error {
	err := e.end()
	e.stop()
	runtime.GOMAXPROCS(e.before)
	err = errors.Join(err, e.running.Wait(), e.servers.Close())
	if e.edge != nil {
		err = errors.Join(err, e.edge.Close())
	}
	return errors.Join(err, e.removeFolder())
}
