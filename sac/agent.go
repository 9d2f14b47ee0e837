package sac

import (
	"fmt"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/replay"
)

// agent is the learner of one LB, or of several that it steers jointly. It
// shares nothing that it writes.
type agent struct {
	index    int
	steers   []int // LBs
	cfg      *Config
	rng      *rand.Rand
	source   *rand.PCG // of rng
	head     head
	nets     *networks
	features *normalise.Features
	rewards  *normalise.Rewards
	alpha    *temperature
	next     nextState
	critic   criticTrainer
	actor    actorTrainer
	batch    *replay.Batch

	prioritised *prioritised // nil where batches are drawn uniformly
	potential   *potential   // nil without; taken out of the rewards
	recurrent   *recurrent   // nil where networks are feed-forward; else in place of next, critic, actor and batch

	states   []float32 // [2R,F]: normalised states, then those that followed
	later    []float32 // [R,F]: normalised states behind the targets' rewards
	serverR  []float32 // [B,N]: normalised rewards
	averages sums
	spread   spread
	aside    *rand.Rand // for figures, which must not move what is learned
	besides  *rand.PCG  // of aside
}

// criticTrainer is the critics' graph and optimiser.
type criticTrainer struct {
	x, action, y *nn.Node
	weight       *nn.Node // of the targets; nil where they count alike
	nodes        criticNodes
	program      *nn.Program
	adam         *nn.Adam
}

// actorTrainer is the actor's graph and optimiser.
type actorTrainer struct {
	in      actorInputs
	nodes   actorNodes
	program *nn.Program
	adam    *nn.Adam
}

// sums add up the figures of the updates of a round.
type sums struct {
	updates, actorUpdates                 int
	critic, q, criticNorm                 float64
	actor, actorNorm, smoothness, entropy float64
}

// newAgent returns the learner of agent index of the episodes, which steers the
// given LBs. steps is the length of whole episodes.
func newAgent(cfg *Config, index int, steers []int, shape replay.Shape, steps int, seed uint64) (*agent, error) {
	a := &agent{
		index: index, steers: steers, cfg: cfg, head: newHead(cfg, shape.Servers, len(steers)),
		source:   rand.NewPCG(seed, uint64(2*index+1)),
		besides:  rand.NewPCG(seed, uint64(2*index+1)|1<<32),
		features: normalise.NewFeatures(shape.Features),
		rewards:  normalise.NewRewards(shape.Servers, cfg.Gamma),
	}
	a.rng, a.aside = rand.New(a.source), rand.New(a.besides)
	a.alpha = newTemperature(cfg, a.head.targetEntropy())
	initial := rand.New(rand.NewPCG(seed, uint64(2*index)))
	if cfg.Network == Recurrent {
		if cfg.Window > 0 {
			steps = cfg.Window
		}
		return a, newRecurrent(a, shape, steps, initial)
	}
	a.batch = replay.NewBatch(shape, cfg.Batch)
	a.batch.Horizon(cfg.NStep, cfg.Gamma)
	var err error
	if a.nets, err = newNetworks(cfg, a.head, shape.Servers, shape.Features, initial); err != nil {
		return nil, err
	}
	if a.next, err = a.head.next(a.nets, cfg.Batch); err != nil {
		return nil, err
	}
	if err = a.compileCritic(); err != nil {
		return nil, fmt.Errorf("critic: %w", err)
	}
	if err = a.compileActor(); err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	rows := cfg.Batch * shape.Servers
	a.states = make([]float32, 2*rows*shape.Features)
	a.later = a.states[rows*shape.Features:]
	if cfg.NStep > 1 {
		a.later = make([]float32, rows*shape.Features)
	}
	a.serverR = make([]float32, rows)
	if cfg.Baseline == Difference {
		a.potential = newPotential(shape.Servers, shape.Features)
	}
	return a, nil
}

func newHead(cfg *Config, servers, lbs int) head {
	critics := perServer{servers: servers, lbs: lbs}
	if cfg.Head == Gaussian {
		return &gaussian{perServer: critics, box: float32(cfg.Box), sigma: float32(cfg.Sigma)}
	}
	levels := discrete{levels: cfg.Levels, entropyShare: cfg.EntropyShare, servers: servers}
	if cfg.Discrete == StraightThrough {
		return &straightThrough{perServer: critics, discrete: levels}
	}
	return &levels
}

func (a *agent) compileCritic() (err error) {
	n, c := a.nets, &a.critic
	rows := a.cfg.Batch * n.servers
	g := nn.NewGraph(n.critic)
	c.x = g.Input("states", rows, n.features)
	c.action = g.Input("actions", rows, a.head.actions())
	c.y = g.Input("targets", a.head.targets(a.cfg.Batch), 1)
	if a.cfg.Priority > 0 {
		c.weight = g.Input("weights", a.head.targets(a.cfg.Batch), 1)
	}
	c.nodes = a.head.critic(g, n, c.x, c.action, c.y, c.weight)
	c.adam = a.newAdam(n.critic)
	c.program, err = g.Compile(c.nodes.loss)
	return err
}

func (a *agent) compileActor() (err error) {
	n, t := a.nets, &a.actor
	rows := a.cfg.Batch * n.servers
	g := nn.NewGraph(n.actor)
	t.in = actorInputs{
		x:     g.Input("states", 2*rows, n.features),
		extra: g.Input("extra", rows, a.head.extraColumns()),
		alpha: g.Input("alpha", 1),
	}
	t.nodes = a.head.actor(g, n, t.in)
	t.adam = a.newAdam(n.actor)
	t.program, err = g.Compile(t.nodes.loss)
	return err
}

// newAdam returns an optimiser of an arena.
func (a *agent) newAdam(values *nn.Arena) *nn.Adam {
	return nn.NewAdam(len(values.Values()), nn.AdamConfig{WeightDecay: a.cfg.WeightDecay, MaxNorm: a.cfg.GradientNorm})
}

// round makes n updates on what buffer holds. beta is the exponent of
// importance weights.
func (a *agent) round(buffer *replay.Buffer, n int, rate, beta float64, fitFeatures, trainActor bool) error {
	if fitFeatures {
		a.features.FitTo(buffer, a.index)
	}
	a.rewards.FitTo(buffer, func(ep *replay.Episode, t int) []float32 { return ep.ServerRewards(t, a.index) })
	if fitFeatures && a.potential != nil {
		a.potential.fit(buffer, a.index, a.features, a.rewards, a.cfg.Gamma)
	}
	a.averages = sums{}
	for range n {
		if a.recurrent != nil {
			if err := a.recurrent.update(buffer, rate, trainActor); err != nil {
				return err
			}
			continue
		}
		if err := a.draw(buffer, beta); err != nil {
			return err
		}
		if err := a.updateCritic(rate); err != nil {
			return fmt.Errorf("critic: %w", err)
		}
		if err := a.learned(); err != nil {
			return err
		}
		if trainActor {
			if err := a.updateActor(rate); err != nil {
				return fmt.Errorf("actor: %w", err)
			}
		}
		nn.Polyak(a.nets.target.Values(), a.nets.critic.Values(), float32(a.cfg.Tau))
	}
	a.measure()
	return nil
}

func (a *agent) updateCritic(rate float64) error {
	c := &a.critic
	half := len(a.states) / 2
	a.features.Apply(a.states[:half], a.batch.Obs)
	a.features.Apply(a.states[half:], a.batch.Next)
	if a.cfg.NStep > 1 {
		a.features.Apply(a.later, a.batch.Last)
	}
	a.rewards.ApplySums(a.serverR, a.batch.ServerReward, a.batch.Span)
	if a.potential != nil {
		a.potential.shape(a.serverR, a.states[:half], a.later, a.batch.Bootstrap, a.cfg.Gamma)
	}
	a.next.targets(c.y.Data(), a.later, a.serverR, a.batch.Bootstrap,
		a.cfg.Gamma, a.alpha.alpha(), a.rng)
	copy(c.x.Data(), a.states[:half])
	a.head.encode(c.action.Data(), a.batch.LogWeight)
	c.program.Run()
	norm, err := c.adam.Step(a.nets.critic.Values(), c.program.Gradient(), rate)
	if err != nil {
		return err
	}
	a.averages.updates++
	a.averages.critic += float64(c.program.Loss())
	a.averages.criticNorm += norm
	a.averages.q += nn.Mean(c.nodes.q[0].Data())
	return nil
}

func (a *agent) updateActor(rate float64) error {
	t := &a.actor
	copy(t.in.x.Data(), a.states)
	t.in.alpha.Data()[0] = float32(a.alpha.alpha())
	a.head.prepare(t.in.extra.Data(), &a.critic.nodes, a.rng)
	t.program.Run()
	norm, err := t.adam.Step(a.nets.actor.Values(), t.program.Gradient(), rate)
	if err != nil {
		return err
	}
	entropy := nn.Mean(t.nodes.entropy.Data())
	a.alpha.step(entropy)
	nn.Polyak(a.nets.average.Values(), a.nets.actor.Values(), float32(1-a.cfg.Average))
	a.averages.actorUpdates++
	a.averages.actor += float64(t.program.Loss())
	a.averages.actorNorm += norm
	a.averages.smoothness += float64(t.nodes.smoothness.Data()[0])
	a.averages.entropy += entropy
	return nil
}

// report adds the means of the last round to stats. A round of the critics
// alone has no figures of the actor.
func (a *agent) report(stats agents.Stats) {
	s := &a.averages
	set := func(name string, sum float64, n int) {
		if n > 0 {
			stats[name+a.suffix()] = sum / float64(n)
		}
	}
	set("critic_loss", s.critic, s.updates)
	set("grad_norm_critic", s.criticNorm, s.updates)
	set("q_mean", s.q, s.updates)
	a.spread.report(set)
	set("alpha", a.alpha.alpha(), 1)
	set("actor_loss", s.actor, s.actorUpdates)
	set("grad_norm_actor", s.actorNorm, s.actorUpdates)
	set("smoothness", s.smoothness, s.actorUpdates)
	set("entropy", s.entropy, s.actorUpdates)
}

// suffix is what the names of one LB's figures end with.
func (a *agent) suffix() string {
	if len(a.steers) > 1 {
		return ""
	}
	return fmt.Sprintf("/%d", a.steers[0])
}

// prefix is what the names of the agent's parameters begin with.
func (a *agent) prefix() string {
	if len(a.steers) > 1 {
		return "all."
	}
	return fmt.Sprintf("lb%d.", a.steers[0])
}

// parameters lists what the evaluated policy depends on.
func (a *agent) parameters() []agents.Parameter {
	return append(a.nets.average.Parameters(a.prefix()), a.features.Parameters(a.prefix())...)
}
