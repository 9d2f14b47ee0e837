package sac

import (
	"errors"
	"fmt"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/replay"
)

// Learner is Distr-LB, one independent soft actor-critic per LB, or Centr-LB,
// one that sees all observations and steers all LBs for one reward.
type Learner struct {
	cfg    Config
	spec   env.Spec
	joint  bool // Centr-LB
	buffer *replay.Buffer
	agents []*agent
	rounds int             // calls of Update so far
	open   *replay.Episode // of a pair of trials (Config.Paired) of which one has been observed
}

var (
	_ agents.Learner  = (*Learner)(nil)
	_ agents.Comparer = (*Learner)(nil)
)

// New returns an untrained Distr-LB for environments of the given spec. Equal
// seeds give equal learners. It fails with ErrConfig, naming every field at
// fault, if cfg breaks a rule or its weights could leave the spec's bounds.
func New(cfg Config, spec env.Spec, seed uint64) (*Learner, error) {
	return newLearner(cfg, spec, seed, false)
}

// NewCentralised returns an untrained Centr-LB, under the same conditions: its
// critics value all LBs' actions from all observations, its actor chooses them
// together, and its reward is the team's (replay.Joint): that of the LBs' mean
// load, by server where the reward is a sum over servers. For the reward
// "ongoing" that is the mean of the LBs' own. Its head is
// gaussian, or discrete of the straight-through kind.
func NewCentralised(cfg Config, spec env.Spec, seed uint64) (*Learner, error) {
	return newLearner(cfg, spec, seed, true)
}

func newLearner(cfg Config, spec env.Spec, seed uint64, joint bool) (*Learner, error) {
	err := errors.Join(cfg.Validate(), policy.CheckSpec(ErrConfig, spec))
	if joint && cfg.Head == policy.Discrete && cfg.Discrete != StraightThrough {
		err = errors.Join(err, fmt.Errorf("%w: discrete = %q: must be straight-through for Centr-LB of a discrete head", ErrConfig, cfg.Discrete))
	}
	if cfg.Network == Recurrent && cfg.Window == 0 && spec.Steps < 1 {
		err = errors.Join(err, fmt.Errorf("%w: window = 0: whole episodes need an environment whose episodes have a set end", ErrConfig))
	}
	if err == nil {
		setting, low, high := cfg.Head.LogWeights(cfg.Box, cfg.Levels)
		err = policy.CheckLogWeights(ErrConfig, spec, setting, low, high)
	}
	if err != nil {
		return nil, err
	}
	cfg.Levels = append([]float64(nil), cfg.Levels...)
	l := &Learner{cfg: cfg, spec: spec, joint: joint}
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	lbs := make([]int, spec.Agents)
	for i := range lbs {
		lbs[i] = i
	}
	if joint {
		shape = replay.Shape{Agents: 1, Servers: spec.Servers, Features: spec.Agents * len(spec.Features), Actions: spec.Agents}
	}
	shape.StoredStateSize = cfg.storedStates()
	if l.buffer, err = replay.NewBuffer(shape, cfg.Capacity); err != nil {
		return nil, fmt.Errorf("sac: %w", err)
	}
	for i := range shape.Agents {
		steers := lbs[i : i+1]
		if joint {
			steers = lbs
		}
		a, err := newAgent(&l.cfg, i, steers, l.buffer, spec.Steps, seed)
		if err != nil {
			return nil, fmt.Errorf("sac: LB %v: %w", steers, err)
		}
		l.agents = append(l.agents, a)
	}
	return l, nil
}

// Observe implements agents.Learner. The learner keeps ep.
func (l *Learner) Observe(ep *replay.Episode) error {
	want := replay.Shape{Agents: l.spec.Agents, Servers: l.spec.Servers, Features: len(l.spec.Features)}
	if ep.Shape == want {
		if err := ep.Validate(); err != nil {
			return fmt.Errorf("sac: observe: %w", err)
		}
		if l.cfg.TeamReward {
			ep.EarnTeam()
		}
		if l.cfg.Paired {
			return l.observeTrial(ep)
		}
	}
	return l.keep(ep)
}

// Trials implements agents.Comparer.
func (l *Learner) Trials() int {
	if l.cfg.Paired {
		return 2
	}
	return 1
}

// observeTrial keeps both trials of a pair, once there are both, by what each earned
// more than the other.
func (l *Learner) observeTrial(ep *replay.Episode) error {
	first := l.open
	if first == nil {
		l.open = ep
		return nil
	}
	l.open = nil
	if first.Seed/2 != ep.Seed/2 {
		return fmt.Errorf("sac: observe: %w: explorers' seeds %d and %d", replay.ErrTrials, first.Seed, ep.Seed)
	}
	if err := replay.Contrast(first, ep); err != nil {
		return fmt.Errorf("sac: observe: %w", err)
	}
	return errors.Join(l.keep(first), l.keep(ep))
}

// keep adds an episode to the replay buffer, as the agents see it.
func (l *Learner) keep(ep *replay.Episode) error {
	if ep.Agents == l.spec.Agents && ep.Features == len(l.spec.Features) {
		if l.joint {
			ep = replay.JointEpisode(ep)
		}
		if l.cfg.storedStates() > 0 {
			ep = l.withStates(ep)
		}
	}
	if l.cfg.Network == Recurrent && l.cfg.Window == 0 && ep.Steps > l.spec.Steps {
		return fmt.Errorf("sac: observe: episode of %d steps, want at most the environment's %d", ep.Steps, l.spec.Steps)
	}
	if err := l.buffer.Add(ep); err != nil {
		return fmt.Errorf("sac: observe: %w", err)
	}
	return nil
}

// Update implements agents.Learner: a round. The LBs update at once, each with
// its own networks and random stream, so that the result depends on neither
// their order nor GOMAXPROCS. It fails with replay.ErrEmpty before the first
// transition, and with nn.ErrDiverged if a gradient is not finite.
func (l *Learner) Update(n int, progress float64) (agents.Stats, error) {
	if err := agents.CheckUpdate(n, progress); err != nil {
		return nil, fmt.Errorf("sac: update: %w", err)
	}
	if l.buffer.Transitions() == 0 {
		return nil, fmt.Errorf("sac: update: %w", replay.ErrEmpty)
	}
	l.rounds++
	r := round{
		progress:    progress,
		rate:        l.cfg.Rate * l.cfg.schedule().At(progress),
		beta:        l.cfg.PriorityBeta + (1-l.cfg.PriorityBeta)*progress,
		fitFeatures: l.rounds <= l.cfg.FeatureRounds,
		trainActor:  l.rounds > l.cfg.CriticRounds,
	}
	err := parallel.Each(len(l.agents), func(i int) error {
		if err := l.agents[i].train(n, r); err != nil {
			return fmt.Errorf("sac: update: LB %v: %w", l.agents[i].lbs, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	stats := make(agents.Stats)
	for _, a := range l.agents {
		a.report(stats)
	}
	return stats, nil
}

// Parameters implements agents.Learner: per agent, the averaged actor that is
// evaluated and the statistics that normalise its features.
func (l *Learner) Parameters() []agents.Parameter {
	var out []agents.Parameter
	for _, a := range l.agents {
		out = append(out, a.parameters()...)
	}
	return out
}

// Begin implements agents.Learner: critics and temperature begin untrained, and the
// actor stays what it is for the first Config.CriticRounds rounds.
func (l *Learner) Begin(parameters []agents.Parameter) error {
	if err := agents.CopyParameters(l.Parameters(), parameters); err != nil {
		return fmt.Errorf("sac: %w", err)
	}
	for _, a := range l.agents {
		copy(a.params.actor.Values(), a.params.average.Values())
		a.features.Fix()
	}
	return nil
}

// Explorer implements agents.Learner: it samples the present policy.
func (l *Learner) Explorer() (agents.Actor, error) { return l.newActor(true) }

// Policy implements agents.Learner: the mode of the averaged policy.
func (l *Learner) Policy() (agents.Actor, error) { return l.newActor(false) }

// newActor returns an actor with copies of the agents' policies: actors of one
// learner share nothing that they write.
func (l *Learner) newActor(explore bool) (agents.Actor, error) {
	policies := make([]policy.Policy, len(l.agents))
	for i, a := range l.agents {
		var err error
		if policies[i], err = a.policy(explore); err != nil {
			return nil, fmt.Errorf("sac: actor of LB %v: %w", a.lbs, err)
		}
	}
	return policy.NewActor(l.spec, policies, explore), nil
}
