package ppo

import (
	"errors"
	"fmt"
	"slices"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/replay"
)

// Learner is PPO with an actor per LB.
type Learner struct {
	cfg     Config
	spec    env.Spec
	shape   replay.Shape
	actors  []*actor
	critics []*critic // one per LB, or one that sees all
	round   round
	rounds  int // calls of Update so far
}

var _ agents.Learner = (*Learner)(nil)

// New returns an untrained learner for environments of the given spec, with a
// value function per LB or, if central is set, one that sees all LBs. Equal
// seeds give equal learners. It fails with ErrConfig, naming every field at
// fault, if cfg breaks a rule or its weights could leave the spec's bounds.
func New(cfg Config, spec env.Spec, central bool, seed uint64) (*Learner, error) {
	err := errors.Join(cfg.Validate(), policy.CheckSpec(ErrConfig, spec))
	if err == nil {
		setting, low, high := cfg.Head.LogWeights(cfg.Box, cfg.Levels)
		err = policy.CheckLogWeights(ErrConfig, spec, setting, low, high)
	}
	if err != nil {
		return nil, err
	}
	cfg.Levels = slices.Clone(cfg.Levels)
	l := &Learner{
		cfg: cfg, spec: spec,
		shape: replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)},
	}
	for i := range spec.Agents {
		a, err := newActor(&l.cfg, i, l.shape, seed)
		if err != nil {
			return nil, fmt.Errorf("ppo: actor of LB %d: %w", i, err)
		}
		l.actors = append(l.actors, a)
	}
	for i := range l.actors {
		seen := l.actors[i : i+1]
		if central {
			seen = l.actors
		}
		c, err := newCritic(&l.cfg, i, seen, l.shape, seed)
		if err != nil {
			return nil, fmt.Errorf("ppo: value function %d: %w", i, err)
		}
		l.critics = append(l.critics, c)
		if central {
			break
		}
	}
	return l, nil
}

// Observe implements agents.Learner. The learner keeps ep until the next
// Update. It must have been played by an Explorer of this moment, and within
// the box of the policy: its actions' probabilities are computed from it.
func (l *Learner) Observe(ep *replay.Episode) error {
	if ep.Shape != l.shape {
		return fmt.Errorf("ppo: observe: episode of shape %+v, want %+v", ep.Shape, l.shape)
	}
	if err := ep.Validate(); err != nil {
		return fmt.Errorf("ppo: observe: %w", err)
	}
	l.round.add(ep)
	return nil
}

// Update implements agents.Learner: a round on the episodes that were observed
// since the last one, which it then drops. n is the number of minibatch updates
// of every network in all; each network goes through the T transitions of the
// round in a random order of its own, anew each time, so that n updates of
// Batch transitions are n*Batch/T epochs.
//
// Networks update at once, each with its own random stream, so that the result
// depends on neither their order nor GOMAXPROCS. It fails with replay.ErrEmpty
// if no transition was observed, and with nn.ErrDiverged if a gradient is not
// finite.
func (l *Learner) Update(n int, progress float64) (agents.Stats, error) {
	if err := agents.CheckUpdate(n, progress); err != nil {
		return nil, fmt.Errorf("ppo: update: %w", err)
	}
	if len(l.round.transitions) == 0 {
		return nil, fmt.Errorf("ppo: update: %w", replay.ErrEmpty)
	}
	defer l.round.drop()
	l.rounds++
	if err := l.train(n, l.rounds <= l.cfg.FeatureRounds, l.cfg.schedule().At(progress)); err != nil {
		return nil, fmt.Errorf("ppo: update: %w", err)
	}
	stats := make(agents.Stats)
	for i, a := range l.actors {
		a.report(stats, l.critics[min(i, len(l.critics)-1)].explainedVariance)
	}
	for _, c := range l.critics {
		c.report(stats)
	}
	return stats, nil
}

// train makes n updates of all networks at the given part of their rates. fit says
// whether the statistics of the features are still taken.
func (l *Learner) train(n int, fit bool, part float64) error {
	err := parallel.Each(len(l.actors), func(i int) error {
		l.actors[i].prepare(&l.round, fit)
		return nil
	})
	if err != nil {
		return err
	}
	err = parallel.Each(len(l.critics), func(i int) error {
		l.critics[i].prepare(&l.round)
		return nil
	})
	if err != nil {
		return err
	}
	return parallel.Each(len(l.actors)+len(l.critics), func(i int) error {
		if i >= len(l.actors) {
			return l.critics[i-len(l.actors)].train(&l.round, n, l.cfg.ValueRate*part)
		}
		l.actors[i].setAdvantages(&l.round, l.critics[min(i, len(l.critics)-1)].advantage)
		return l.actors[i].train(&l.round, n, l.cfg.Rate*part)
	})
}

// Parameters implements agents.Learner: per LB, the averaged actor that is
// evaluated and the statistics that normalise its features.
func (l *Learner) Parameters() []agents.Parameter {
	var out []agents.Parameter
	for _, a := range l.actors {
		out = append(out, a.parameters()...)
	}
	return out
}

// Begin implements agents.Learner: value functions begin untrained.
func (l *Learner) Begin(parameters []agents.Parameter) error {
	if err := agents.CopyParameters(l.Parameters(), parameters); err != nil {
		return fmt.Errorf("ppo: %w", err)
	}
	for _, a := range l.actors {
		copy(a.values.Values(), a.average.Values())
		a.normal.Fix()
	}
	return nil
}

// Explorer implements agents.Learner: it samples the present policy.
func (l *Learner) Explorer() (agents.Actor, error) { return l.newActor(true) }

// Policy implements agents.Learner: the mode of the averaged policy.
func (l *Learner) Policy() (agents.Actor, error) { return l.newActor(false) }

// newActor returns an actor with copies of the policies of all LBs.
func (l *Learner) newActor(explore bool) (agents.Actor, error) {
	policies := make([]policy.Policy, len(l.actors))
	for i, a := range l.actors {
		var err error
		if policies[i], err = a.policy(explore); err != nil {
			return nil, err
		}
	}
	return policy.NewActor(l.spec, policies, explore), nil
}
