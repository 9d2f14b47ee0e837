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

// recurrent is the trainer of recurrent networks (nn.RecurrentNet), which learn
// from windows of an agent's consecutive steps by the same losses as the others
// do from single transitions. B is the number of windows of a batch, L of their
// steps, N of servers, F of features, H of values of a network's state.
//
// Each of the five networks (actor, twin critics, their targets) has a state of
// its own, which sums up the history of the episode: what was observed and, for
// critics, what was done. All losses of an update are taken at the parameters
// before it. An action of the present policy, in the actor's loss and in the
// targets, is valued one step on from a critic's state of what really happened;
// it is no part of the history of the step after it.
type recurrent struct {
	*recurrentNetworks
	agent *agent

	sequences *replay.Sequences
	start     [networkStates][]float32 // [B,H]: the states in which the windows begin
	starts    windowStart              // finds them

	obs     []float32 // [(L+1)*B*N*F]: what the windows saw, normalised
	burnObs []float32 // [K*B*N*F]: what the K steps before them saw, normalised
	rewards []float32 // [L*B*N], normalised

	next   recurrentNext
	critic recurrentCriticGraph
	actor  recurrentActorGraph
}

var _ trainer = (*recurrent)(nil)

// newRecurrent gives an agent its networks, with first weights from initial, and
// returns their trainer. steps is the length of whole episodes, which are the
// windows if the configuration sets no other length.
func newRecurrent(a *agent, shape replay.Shape, steps int, initial *rand.Rand) (*recurrent, error) {
	cfg := a.cfg
	if cfg.Window > 0 {
		steps = cfg.Window
	}
	head := newGaussian(cfg, len(a.lbs))
	actor, critic := nn.NewArena(), nn.NewArena()
	nets, err := newRecurrentNetworks(cfg, head, shape, actor, critic, initial)
	if err != nil {
		return nil, err
	}
	a.params = newParameters(cfg, actor, critic)
	a.alpha = newTemperature(cfg, head.targetEntropy)
	r := &recurrent{
		recurrentNetworks: nets, agent: a,
		sequences: replay.NewSequences(shape, cfg.Batch, cfg.BurnIn, steps),
	}
	for k := range r.start {
		r.start[k] = make([]float32, cfg.Batch*nets.hidden)
	}
	r.obs = make([]float32, len(r.sequences.Obs))
	r.burnObs = make([]float32, len(r.sequences.BurnObs))
	r.rewards = make([]float32, len(r.sequences.ServerReward))
	if r.starts, err = newWindowStart(r); err != nil {
		return nil, err
	}
	if err = r.buildNext(cfg.Batch, steps); err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	if err = r.compileCritics(cfg.Batch, steps); err != nil {
		return nil, fmt.Errorf("critic: %w", err)
	}
	if err = r.compileActor(cfg.Batch, steps); err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	return r, nil
}

// fit implements trainer: there is nothing beside features and rewards.
func (r *recurrent) fit() {}

// update implements trainer: one iteration of [SAC], algorithm 1, on windows.
// Both losses are computed before either network moves: the actor's needs the
// critics' states of the same parameters.
func (r *recurrent) update(round round) error {
	a := r.agent
	if err := r.draw(); err != nil {
		return err
	}
	r.starts.find(&r.start, r.sequences, r.burnObs)
	r.setTargets()
	r.critic.program.Run()
	if round.trainActor {
		r.runActor()
	}
	if err := r.updateCritics(round.rate); err != nil {
		return err
	}
	if round.trainActor {
		entropy, err := r.updateActor(round.rate)
		if err != nil {
			return err
		}
		a.alpha.step(entropy)
		a.params.followActor(a.cfg.Average)
	}
	a.params.followCritics(a.cfg.Tau)
	return nil
}

// draw draws windows, and normalises them.
func (r *recurrent) draw() error {
	if err := r.agent.buffer.SampleSequences(r.sequences, r.agent.index, r.agent.rng); err != nil {
		return err
	}
	r.load()
	return nil
}

// load normalises the windows that were drawn and sets the masks of their steps.
func (r *recurrent) load() {
	a, s := r.agent, r.sequences
	a.features.Apply(r.obs, s.Obs)
	a.features.Apply(r.burnObs, s.BurnObs)
	a.rewards.Apply(r.rewards, s.ServerReward)
	mask, modeMask := r.critic.mask.Data(), r.actor.modeMask.Data()
	for row, m := range s.Mask {
		fill(mask[row*r.servers:(row+1)*r.servers], m)
		each := r.servers * r.head.lbs
		fill(modeMask[row*each:(row+1)*each], m)
	}
	copy(r.actor.mask.Data(), mask)
}

func fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}

// setTargets computes the critics' targets ([SAC], eq. 3 and 5), and fills the
// other inputs of their graph.
func (r *recurrent) setTargets() {
	a, s, n := r.agent, r.sequences, &r.next
	copy(n.policyX.Data(), r.obs)
	copy(n.policyStart.Data(), r.start[stateActor])
	policy.DrawNormal(n.noise.Data(), a.rng)
	n.policy.Run()
	copy(n.x.Data(), r.obs)
	copy(n.taken.Data(), s.LogWeight)
	first := s.Size * r.servers // rows of the first step, which follows none
	copy(n.drawnU.Data(), n.drawn.Data()[first*r.head.lbs:])
	for i, state := range n.start {
		copy(state.Data(), r.start[stateTarget+i])
	}
	n.critics.Run()
	c := &r.critic
	perServerTarget(c.y.Data(), r.rewards, s.Bootstrap, n.q[0].Data(), n.q[1].Data(), n.logp.Data()[first:],
		a.cfg.Gamma, a.alpha.alpha())
	copy(c.x.Data(), r.obs)
	copy(c.action.Data(), s.LogWeight)
	for i, state := range c.start {
		copy(state.Data(), r.start[stateCritic+i])
	}
}

// runActor computes the actor's loss ([SAC], eq. 7) and its gradient. The
// critics' graph has run on the same windows.
func (r *recurrent) runActor() {
	a, t := r.agent, &r.actor
	copy(t.x.Data(), r.obs)
	copy(t.start.Data(), r.start[stateActor])
	policy.DrawNormal(t.noise.Data(), a.rng)
	t.alpha.Data()[0] = float32(a.alpha.alpha())
	for i, states := range t.criticStates {
		n := copy(states.Data(), r.start[stateCritic+i])
		copy(states.Data()[n:], r.critic.states[i].Data())
	}
	t.program.Run()
}

// updateCritics makes one step on the critics' loss, which has been computed.
func (r *recurrent) updateCritics(rate float64) error {
	c := &r.critic
	return r.agent.stepCritics(c.program, rate, maskedMean(c.q[0].Data(), c.mask.Data()))
}

// updateActor makes one step on the actor's loss, which has been computed, and
// returns the policy's mean entropy per server, in nats, before it.
func (r *recurrent) updateActor(rate float64) (entropy float64, err error) {
	t := &r.actor
	entropy = -maskedMean(t.logp.Data(), t.mask.Data())
	return entropy, r.agent.stepActor(t.program, rate, entropy, t.smoothness.Data()[0])
}

// measure implements trainer: of the windows that were drawn last, at two actions
// of each step. Nothing can be told before the actor's graph has run on them.
func (r *recurrent) measure() (valueSpread, bool) {
	if r.agent.sums.actorUpdates == 0 {
		return valueSpread{}, false
	}
	var q1, q2 []float32
	for row, m := range r.critic.mask.Data() {
		if m != 0 {
			q1, q2 = append(q1, r.critic.q[0].Data()[row]), append(q2, r.critic.q[1].Data()[row])
		}
	}
	var drawn [2][]float64
	for k := range drawn {
		policy.DrawNormal(r.actor.noise.Data(), r.agent.figureRNG)
		r.actor.program.Run()
		all := sumServers(r.actor.q[0].Data(), r.actor.q[1].Data(), r.servers)
		for row, m := range r.sequences.Mask {
			if m != 0 {
				drawn[k] = append(drawn[k], all[row])
			}
		}
	}
	return spreadOf(q1, q2, drawn), true
}

// act implements trainer.
func (r *recurrent) act(p *policy.Policy, plan *nn.Plan, explore bool) {
	one := r.newPolicy(plan, explore)
	p.Obs, p.Decide, p.ResetState = one.obs, one.decide, one.resetState
}

// priorities implements trainer: windows are drawn uniformly.
func (r *recurrent) priorities() []agents.Saver { return nil }

// storeStates implements trainer.
func (r *recurrent) storeStates(ep *replay.Episode) { r.starts.store(ep) }

// state implements trainer: episodes keep what is stored of states.
func (r *recurrent) state(*snapshot.Codec) {}

// maskedMean is the mean of the values whose mask is 1, and 0 if there are none.
func maskedMean(x, mask []float32) float64 {
	sum, count := 0.0, 0
	for i, v := range x {
		if mask[i] != 0 {
			sum += float64(v)
			count++
		}
	}
	return sum / float64(max(count, 1))
}
