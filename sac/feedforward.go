package sac

import (
	"fmt"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/policy"
	"fairlb/env/snapshot"
	"fairlb/replay"
)

// feedForward is the trainer of permutation equivariant networks (nn.ServerNet),
// which learn from single transitions. B is the number of transitions of a
// batch, N of servers, R = B*N of rows and F of features.
type feedForward struct {
	agent             *agent
	servers, features int
	policy            policyHead
	critics           criticHead
	actorNet          *nn.ServerNet
	sampler           sampler
	baseline          rewardBaseline

	batch   *replay.Batch
	states  []float32 // [2R,F]: the batch's states, normalised, and behind them those that followed
	rewards []float32 // [B,N], normalised: sums over the steps of a target
	// bootstrapStates [R,F] are the states behind these steps, normalised: those
	// that followed in states, unless a target sums several steps.
	bootstrapStates []float32

	next   nextValues
	critic criticGraph
	actor  actorGraph
}

// criticGraph computes the critics' loss and its gradient.
type criticGraph struct {
	x, action, y *nn.Node
	nodes        criticNodes
	program      *nn.Program
}

// actorGraph computes the actor's loss and its gradient.
type actorGraph struct {
	in      actorInputs
	nodes   actorNodes
	program *nn.Program
}

var _ trainer = (*feedForward)(nil)

// newFeedForward gives an agent its networks, with first weights from initial,
// and returns their trainer.
func newFeedForward(a *agent, shape replay.Shape, initial *rand.Rand) (*feedForward, error) {
	cfg := a.cfg
	rows := cfg.Batch * shape.Servers
	f := &feedForward{
		agent: a, servers: shape.Servers, features: shape.Features,
		batch: replay.NewBatch(shape, cfg.Batch), states: make([]float32, 2*rows*shape.Features),
		rewards: make([]float32, rows), baseline: noBaseline{},
	}
	f.batch.SumRewards(cfg.NStep, cfg.Gamma)
	f.bootstrapStates = f.states[rows*shape.Features:]
	if cfg.NStep > 1 {
		f.bootstrapStates = make([]float32, rows*shape.Features)
	}
	if cfg.Baseline == Difference {
		f.baseline = newPotential(shape.Servers, shape.Features)
	}
	var err error
	if f.sampler, err = newSampler(a); err != nil {
		return nil, err
	}
	if err := f.build(shape, initial); err != nil {
		return nil, err
	}
	if f.next, err = f.critics.nextValues(a.params, cfg.Batch); err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	if err = f.compileCritics(); err != nil {
		return nil, fmt.Errorf("critic: %w", err)
	}
	if err = f.compileActor(); err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	return f, nil
}

// fit implements trainer: the baseline's.
func (f *feedForward) fit() {
	a := f.agent
	f.baseline.fit(a.buffer, a.index, a.features, a.rewards, a.cfg.Gamma)
}

// update implements trainer: one iteration of [SAC], algorithm 1, in which the
// actor's loss is taken with the critics that have just been updated.
func (f *feedForward) update(r round) error {
	a := f.agent
	if err := f.draw(r.beta); err != nil {
		return err
	}
	f.setTargets()
	if err := f.updateCritics(r.rate); err != nil {
		return err
	}
	if r.trainActor {
		entropy, err := f.updateActor(r.rate)
		if err != nil {
			return err
		}
		a.alpha.step(entropy)
		a.params.followActor(a.cfg.Average)
	}
	a.params.followCritics(a.cfg.Tau)
	return nil
}

// draw fills the batch with transitions, and normalises them.
func (f *feedForward) draw(beta float64) error {
	a, b := f.agent, f.batch
	if err := f.sampler.sample(b, beta, a.rng); err != nil {
		return err
	}
	now, next := f.halves()
	a.features.Apply(now, b.Obs)
	a.features.Apply(next, b.Next)
	if a.cfg.NStep > 1 {
		a.features.Apply(f.bootstrapStates, b.BootstrapObs)
	}
	a.rewards.ApplySums(f.rewards, b.ServerReward, b.DiscountSum)
	f.baseline.apply(f.rewards, now, f.bootstrapStates, b.Bootstrap, a.cfg.Gamma)
	return nil
}

// halves returns the states of the batch and those that followed, [R,F] each.
func (f *feedForward) halves() (now, next []float32) {
	half := len(f.states) / 2
	return f.states[:half], f.states[half:]
}

// setTargets computes the critics' targets ([SAC], eq. 3 and 5).
func (f *feedForward) setTargets() {
	a := f.agent
	f.next.targets(f.critic.y.Data(), f.bootstrapStates, f.rewards, f.batch.Bootstrap, a.cfg.Gamma, a.alpha.alpha(), a.rng)
}

// updateCritics makes one step on the critics' loss ([SAC], eq. 5), and
// priorities of its errors.
func (f *feedForward) updateCritics(rate float64) error {
	c := &f.critic
	now, _ := f.halves()
	copy(c.x.Data(), now)
	f.critics.encode(c.action.Data(), f.batch.LogWeight)
	c.program.Run()
	if err := f.agent.stepCritics(c.program, rate, nn.Mean(c.nodes.q[0].Data())); err != nil {
		return err
	}
	return f.sampler.learn(c.nodes.q[0].Data(), c.nodes.q[1].Data(), c.y.Data())
}

// updateActor makes one step on the actor's loss ([SAC], eq. 7) and returns the
// policy's mean entropy per server, in nats, before it.
func (f *feedForward) updateActor(rate float64) (entropy float64, err error) {
	a, t := f.agent, &f.actor
	copy(t.in.x.Data(), f.states)
	t.in.alpha.Data()[0] = float32(a.alpha.alpha())
	f.critics.setExtra(t.in.extra.Data(), &f.critic.nodes, a.rng)
	t.program.Run()
	entropy = nn.Mean(t.nodes.entropy.Data())
	return entropy, a.stepActor(t.program, rate, entropy, t.nodes.smoothness.Data()[0])
}

// measure implements trainer.
func (f *feedForward) measure() (valueSpread, bool) {
	now, _ := f.halves()
	q := f.critic.nodes.q
	return spreadOf(q[0].Data(), q[1].Data(), f.next.values(now, f.agent.figureRNG)), true
}

// act implements trainer.
func (f *feedForward) act(p *policy.Policy, plan *nn.Plan, explore bool) {
	p.Obs = plan.Input("observation", f.servers, f.features)
	p.Decide = f.policy.decide(plan, f.actorNet.Apply(plan, p.Obs), f.servers, explore)
}

// storeStates implements trainer: these networks have no state.
func (f *feedForward) storeStates(*replay.Episode) {}

// priorities implements trainer.
func (f *feedForward) priorities() []agents.Saver { return f.sampler.savers() }

// state implements trainer.
func (f *feedForward) state(c *snapshot.Codec) { f.baseline.state(c) }

// build makes the networks, and what is made of the policy's kind.
func (f *feedForward) build(shape replay.Shape, initial *rand.Rand) (err error) {
	a, cfg := f.agent, f.agent.cfg
	actor, critic := nn.NewArena(), nn.NewArena()
	size := nn.ServerNetShape{
		Servers: shape.Servers, In: shape.Features,
		Embedding: cfg.Embedding, Hidden: cfg.Hidden, Layers: cfg.Layers,
	}
	f.policy = newPolicyHead(cfg, len(a.lbs))
	actorSize := size
	actorSize.Out, actorSize.Bias = f.policy.outputs(), f.policy.bias()
	if f.actorNet, err = nn.NewServerNet(actor, "actor", actorSize, initial); err != nil {
		return err
	}
	switch head := f.policy.(type) {
	case sampledHead:
		f.critics, err = newPerServerCritics(cfg, head, f.actorNet, len(a.lbs), critic, size, initial)
	case *categorical:
		f.critics, err = newFactoredCritics(head, f.actorNet, critic, size, initial)
	}
	if err != nil {
		return err
	}
	a.params = newParameters(cfg, actor, critic)
	a.alpha = newTemperature(cfg, f.policy.targetEntropy)
	return nil
}

// compileCritics builds the critics' loss.
func (f *feedForward) compileCritics() (err error) {
	cfg, c := f.agent.cfg, &f.critic
	rows, targets := cfg.Batch*f.servers, f.critics.targetRows(cfg.Batch)
	g := nn.NewGraph(f.agent.params.critic)
	c.x = g.Input("states", rows, f.features)
	c.action = g.Input("actions", rows, f.critics.actionColumns())
	c.y = g.Input("targets", targets, 1)
	c.nodes = f.critics.criticLoss(g, c.x, c.action, c.y, f.sampler.squareLoss(g, targets))
	c.program, err = g.Compile(c.nodes.loss)
	return err
}

// compileActor builds the actor's loss.
func (f *feedForward) compileActor() (err error) {
	t, rows := &f.actor, f.agent.cfg.Batch*f.servers
	g := nn.NewGraph(f.agent.params.actor)
	t.in = actorInputs{
		x:     g.Input("states", 2*rows, f.features),
		extra: g.Input("extra", rows, f.critics.extraColumns()),
		alpha: g.Input("alpha", 1),
	}
	t.nodes = f.critics.actorLoss(g, t.in, float32(f.agent.cfg.Smoothness))
	t.program, err = g.Compile(t.nodes.loss)
	return err
}
