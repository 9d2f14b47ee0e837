package sac

import (
	"fmt"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/env/snapshot"
	"fairlb/replay"
)

// agent is one soft actor-critic: the learner of one LB or, for Centr-LB, of all
// of them, which it then steers jointly. Agents of one Learner share the replay
// buffer, which they only read during a round, and nothing else.
//
// An agent holds what both kinds of networks have in common. What an update
// does, in which order, is its trainer's.
type agent struct {
	index  int   // its place among the agents of an episode
	lbs    []int // the LBs that it steers
	cfg    *Config
	buffer *replay.Buffer

	features *normalise.Features
	rewards  *normalise.Rewards // of each server
	params   *parameters
	alpha    *temperature
	trainer  trainer

	rng       *rand.Rand // draws batches and noise
	source    *rand.PCG  // of rng
	figureRNG *rand.Rand // draws what only figures need, and so moves nothing that is learned
	figures   *rand.PCG  // of figureRNG

	sums   sums        // figures of the updates of the last round
	spread valueSpread // of the critics' values at its end
}

// trainer trains the networks of one agent. There are two kinds: feedForward
// (feedforward.go) and recurrent (recurrent.go).
type trainer interface {
	// fit takes from the buffer what the trainer normalises by, beside the
	// agent's features and rewards. It is called in the first rounds, in which
	// the statistics of the features are taken.
	fit()

	// update draws a batch and makes one update of the critics and, if the round
	// trains it, of the actor and the temperature; averages follow.
	update(r round) error

	// measure returns how far apart the critics' values lie in the last batch,
	// and whether that can be told yet.
	measure() (valueSpread, bool)

	// act adds the policy of one step to a plan, with exploration or its mode,
	// and sets what p needs to run it: Obs, Decide and, if it has a state,
	// ResetState.
	act(p *policy.Policy, plan *nn.Plan, explore bool)

	// storeStates writes to ep.Memory the states that the agent's networks have
	// as each step of the episode begins, if they have states.
	storeStates(ep *replay.Episode)

	// priorities lists what the trainer keeps for each transition of the buffer
	// and saves apart, as it is large.
	priorities() []agents.Saver

	// state walks over what the trainer alone has to save.
	state(c *snapshot.Codec)
}

// round is what all updates of a round share.
type round struct {
	rate        float64 // learning rate of actor and critics
	progress    float64 // part of training that has passed
	beta        float64 // exponent of importance weights
	fitFeatures bool    // whether the statistics of the features are taken anew
	trainActor  bool    // whether the actor is trained, or the critics alone
}

// newAgent returns agent index of the episodes in buffer, which steers the given
// LBs. steps is the length of whole episodes.
func newAgent(cfg *Config, index int, lbs []int, buffer *replay.Buffer, steps int, seed uint64) (*agent, error) {
	shape := buffer.Shape()
	a := &agent{
		index: index, lbs: lbs, cfg: cfg, buffer: buffer,
		features: normalise.NewFeatures(shape.Features),
		rewards:  normalise.NewRewards(shape.Servers, cfg.Gamma),
		source:   rand.NewPCG(seed, uint64(2*index+1)),
		figures:  rand.NewPCG(seed, uint64(2*index+1)|1<<32),
	}
	a.rng, a.figureRNG = rand.New(a.source), rand.New(a.figures)
	initial := rand.New(rand.NewPCG(seed, uint64(2*index)))
	var err error
	if cfg.Network == Recurrent {
		a.trainer, err = newRecurrent(a, shape, steps, initial)
	} else {
		a.trainer, err = newFeedForward(a, shape, initial)
	}
	return a, err
}

// train makes n updates on what the buffer holds.
func (a *agent) train(n int, r round) error {
	if r.fitFeatures {
		a.features.FitTo(a.buffer, a.index)
	}
	a.rewards.FitTo(a.buffer, func(ep *replay.Episode, t int) []float32 { return ep.ServerRewards(t, a.index) })
	if r.fitFeatures {
		a.trainer.fit()
	}
	a.alpha.aim(r.progress)
	a.sums = sums{}
	for range n {
		if err := a.trainer.update(r); err != nil {
			return err
		}
	}
	if spread, ok := a.trainer.measure(); ok {
		a.spread = spread
	}
	return nil
}

// stepCritics moves the critics against the gradient of their loss, which
// program has computed. meanQ is their mean value in the batch, for the figures.
func (a *agent) stepCritics(program *nn.Program, rate, meanQ float64) error {
	norm, err := a.params.criticAdam.Step(a.params.critic.Values(), program.Gradient(), rate)
	if err != nil {
		return fmt.Errorf("critic: %w", err)
	}
	a.sums.addCritics(program.Loss(), norm, meanQ)
	return nil
}

// stepActor moves the actor against the gradient of its loss, which program has
// computed. entropy and smoothness are the policy's entropy per server and the
// penalty on change in the batch, for the figures.
func (a *agent) stepActor(program *nn.Program, rate, entropy float64, smoothness float32) error {
	norm, err := a.params.actorAdam.Step(a.params.actor.Values(), program.Gradient(), rate)
	if err != nil {
		return fmt.Errorf("actor: %w", err)
	}
	a.sums.addActor(program.Loss(), norm, entropy, smoothness)
	return nil
}

// policy returns the agent's policy on a copy of its parameters: the present
// actor, which is sampled, if explore is set; else the mode of the averaged one.
func (a *agent) policy(explore bool) (policy.Policy, error) {
	values := a.params.average
	if explore {
		values = a.params.actor
	}
	plan := nn.NewPlan(values.Clone())
	p := policy.Policy{
		LBs: a.lbs, Features: a.features.Clone(),
		Exploration: policy.Exploration{Hold: a.cfg.Hold, Opposite: a.cfg.Paired},
	}
	a.trainer.act(&p, plan, explore)
	return p, plan.Err()
}

// prefix is what the names of the agent's parameters begin with.
func (a *agent) prefix() string {
	if len(a.lbs) > 1 {
		return "all."
	}
	return fmt.Sprintf("lb%d.", a.lbs[0])
}

// parameters lists what the evaluated policy depends on.
func (a *agent) parameters() []agents.Parameter {
	return append(a.params.average.Parameters(a.prefix()), a.features.Parameters(a.prefix())...)
}

// parameters are the parameters of an agent's networks, those that follow them,
// and their optimisers.
type parameters struct {
	actor, critic *nn.Arena // critic holds both critics
	target        *nn.Arena // the target critics, which follow the critics
	average       *nn.Arena // the averaged actor, which follows the actor and is evaluated

	actorAdam, criticAdam *nn.Adam
}

// newParameters returns the parameters of networks that are complete, and copies
// of them to follow.
func newParameters(cfg *Config, actor, critic *nn.Arena) *parameters {
	adam := func(arena *nn.Arena) *nn.Adam {
		return nn.NewAdam(len(arena.Values()), nn.AdamConfig{WeightDecay: cfg.WeightDecay, MaxNorm: cfg.GradientNorm})
	}
	return &parameters{
		actor: actor, critic: critic, target: critic.Clone(), average: actor.Clone(),
		actorAdam: adam(actor), criticAdam: adam(critic),
	}
}

// followCritics moves the target critics towards the critics by the part tau.
func (p *parameters) followCritics(tau float64) {
	nn.Polyak(p.target.Values(), p.critic.Values(), float32(tau))
}

// followActor moves the averaged actor towards the actor, and keeps the part
// kept of what it was.
func (p *parameters) followActor(kept float64) {
	nn.Polyak(p.average.Values(), p.actor.Values(), float32(1-kept))
}
