package sac

import (
	"fmt"
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
	"fairlb/replay"
)

// recurrent is what an agent has in place of the feed-forward networks and
// their updates (Config.Network): it learns from sequences, by the same losses,
// and each of its networks has a state of its own.
//
// All losses of an update are taken at the parameters before it. The actor's
// and the targets' actions are valued one step on from the states that the
// critics have of what happened: what the policy would do now is no part of the
// history of the next step.
type recurrent struct {
	*recurrentNetworks
	agent     *agent
	sequences *replay.Sequences
	state     [memories][]float32 // [B,H]: in which the windows begin
	past      *history            // over burn-in; nil without
	memory    *history            // over one step at a time, for what is stored; nil for whole episodes

	next   recurrentNext
	critic recurrentCritic
	actor  recurrentActor
	obs    []float32 // [(L+1)*B*N*F], normalised
	burned []float32 // [K*B*N*F], normalised
	reward []float32 // [L*B*N], normalised
}

// recurrentNext draws next actions and values them by the target critics.
type recurrentNext struct {
	policy, critics  *nn.Plan
	policyX, noise   *nn.Node
	policyState      *nn.Node
	drawn, logp      *nn.Node // of all L+1 steps
	x, action, drawU *nn.Node
	state            [2]*nn.Node
	q                [2]*nn.Node // of the steps after the first
}

// recurrentCritic is the critics' graph and optimiser.
type recurrentCritic struct {
	x, action, y, mask *nn.Node
	state              [2]*nn.Node
	q, states          [2]*nn.Node
	program            *nn.Program
	adam               *nn.Adam
}

// recurrentActor is the actor's graph and optimiser.
type recurrentActor struct {
	x, state, noise, alpha *nn.Node
	before                 [2]*nn.Node // [L*B,H]: the critics' states as each step begins
	mask, steady           *nn.Node    // [L*B*N,1] and [L*B*N,LBs]
	u, logp, smoothness    *nn.Node
	q                      [2]*nn.Node
	program                *nn.Program
	adam                   *nn.Adam
}

// newRecurrent gives an agent recurrent networks, for windows of at most steps.
func newRecurrent(a *agent, shape replay.Shape, steps int, initial *rand.Rand) error {
	h := a.head.(*gaussian)
	nets, arenas, err := newRecurrentNetworks(a.cfg, h, shape, initial)
	if err != nil {
		return err
	}
	batch, burnIn := a.cfg.Batch, a.cfg.BurnIn
	r := &recurrent{recurrentNetworks: nets, agent: a, sequences: replay.NewSequences(shape, batch, burnIn, steps)}
	a.nets, a.recurrent = arenas, r
	for k := range r.state {
		r.state[k] = make([]float32, batch*nets.hidden)
	}
	r.obs = make([]float32, len(r.sequences.Obs))
	r.burned = make([]float32, len(r.sequences.BurnObs))
	r.reward = make([]float32, len(r.sequences.ServerReward))
	if burnIn > 0 {
		if r.past, err = newHistory(nets, arenas, burnIn, batch); err != nil {
			return fmt.Errorf("burn-in: %w", err)
		}
	}
	if shape.MemorySize > 0 {
		if r.memory, err = newHistory(nets, arenas, 1, 1); err != nil {
			return fmt.Errorf("memory: %w", err)
		}
	}
	if err = r.buildNext(batch, steps); err != nil {
		return fmt.Errorf("targets: %w", err)
	}
	if err = r.compileCritic(batch, steps); err != nil {
		return fmt.Errorf("critic: %w", err)
	}
	if err = r.compileActor(batch, steps); err != nil {
		return fmt.Errorf("actor: %w", err)
	}
	return nil
}

func (r *recurrent) buildNext(batch, steps int) error {
	n, s := r.agent.nets, &r.next
	rows, all := steps*batch, (steps+1)*batch
	s.policy, s.critics = nn.NewPlan(n.actor), nn.NewPlan(n.target)
	s.policyX = s.policy.Input("features", all, r.servers*r.features)
	s.policyState = s.policy.Input("state", batch, r.hidden)
	s.noise = s.policy.Input("noise", all*r.servers, r.head.lbs)
	out, _ := r.act(s.policy, s.policyX, s.policyState)
	s.drawn, s.logp = r.head.draw(s.policy, out, s.noise, all*r.servers)

	s.x = s.critics.Input("features", all, r.servers*r.features)
	s.action = s.critics.Input("actions", rows*r.servers, r.head.lbs)
	s.drawU = s.critics.Input("next actions", rows*r.servers, r.head.lbs)
	took := r.criticRows(s.critics, s.critics.Apply(&nn.Rows{From: 0, To: rows}, s.x), s.action)
	next := r.criticRows(s.critics, s.critics.Apply(&nn.Rows{From: batch, To: all}, s.x), s.drawU)
	for i, critic := range r.critics {
		s.state[i] = s.critics.Input("state", batch, r.hidden)
		s.q[i], _ = r.value(s.critics, i, next, critic.States(s.critics, took, s.state[i]))
	}
	if err := s.policy.Err(); err != nil {
		return err
	}
	return s.critics.Err()
}

func (r *recurrent) compileCritic(batch, steps int) (err error) {
	a, c := r.agent, &r.critic
	rows := steps * batch
	g := nn.NewGraph(a.nets.critic)
	c.x = g.Input("features", rows, r.servers*r.features)
	c.action = g.Input("actions", rows*r.servers, r.head.lbs)
	c.y = g.Input("targets", rows*r.servers, 1)
	c.mask = g.Input("mask", rows*r.servers, 1)
	in := r.criticRows(g, c.x, c.action)
	var losses [2]*nn.Node
	for i := range r.critics {
		c.state[i] = g.Input("state", batch, r.hidden)
		c.q[i], c.states[i] = r.value(g, i, in, c.state[i])
		losses[i] = g.Apply(new(nn.MeanSquare), c.q[i], c.y, c.mask)
	}
	c.adam = a.newAdam(a.nets.critic)
	c.program, err = g.Compile(g.Apply(&nn.WeightedSum{Weights: []float32{1, 1}}, losses[0], losses[1]))
	return err
}

func (r *recurrent) compileActor(batch, steps int) (err error) {
	a, t := r.agent, &r.actor
	rows, all := steps*batch, (steps+1)*batch
	each := rows * r.servers
	g := nn.NewGraph(a.nets.actor)
	t.x = g.Input("features", all, r.servers*r.features)
	t.state = g.Input("state", batch, r.hidden)
	t.noise = g.Input("noise", each, r.head.lbs)
	t.alpha = g.Input("alpha", 1)
	t.mask = g.Input("mask", each, 1)
	t.steady = g.Input("mask of actions", each, r.head.lbs)
	out, _ := r.act(g, t.x, t.state)
	t.u, t.logp = r.head.draw(g, g.Apply(&nn.Rows{From: 0, To: each}, out), t.noise, each)
	in := r.criticRows(g, g.Apply(&nn.Rows{From: 0, To: rows}, t.x), t.u)
	for i := range r.critics {
		t.before[i] = g.Input("critic's state", rows, r.hidden)
		t.q[i], _ = r.value(g, i, in, t.before[i])
	}
	objective := g.Apply(new(policyLoss), t.logp, t.q[0], t.q[1], t.alpha, t.mask)
	mode := g.Apply(&nn.Centre{Servers: r.servers}, r.head.mode(g, out))
	t.smoothness = g.Apply(new(nn.MeanSquare),
		g.Apply(&nn.Rows{From: 0, To: each}, mode),
		g.Apply(&nn.Rows{From: batch * r.servers, To: all * r.servers}, mode), t.steady)
	t.adam = a.newAdam(a.nets.actor)
	t.program, err = g.Compile(g.Apply(&nn.WeightedSum{Weights: []float32{1, a.nets.smoothness}}, objective, t.smoothness))
	return err
}

// update makes one update on sequences of buffer.
func (r *recurrent) update(buffer *replay.Buffer, rate float64, trainActor bool) error {
	a := r.agent
	if err := buffer.SampleSequences(r.sequences, a.index, a.rng); err != nil {
		return err
	}
	r.load()
	r.begin()
	r.targets()
	r.critic.program.Run()
	if trainActor {
		r.runActor()
	}
	if err := r.stepCritic(rate); err != nil {
		return fmt.Errorf("critic: %w", err)
	}
	if trainActor {
		if err := r.stepActor(rate); err != nil {
			return fmt.Errorf("actor: %w", err)
		}
	}
	nn.Polyak(a.nets.target.Values(), a.nets.critic.Values(), float32(a.cfg.Tau))
	return nil
}

// load normalises the sequences.
func (r *recurrent) load() {
	a, s := r.agent, r.sequences
	a.features.Apply(r.obs, s.Obs)
	a.features.Apply(r.burned, s.BurnObs)
	a.rewards.Apply(r.reward, s.ServerReward)
	mask, steady := r.critic.mask.Data(), r.actor.steady.Data()
	for row, m := range s.Mask {
		fill(mask[row*r.servers:(row+1)*r.servers], m)
		each := r.servers * r.head.lbs
		fill(steady[row*each:(row+1)*each], m)
	}
	copy(r.actor.mask.Data(), mask)
}

func fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}

// begin finds the states in which the windows begin: those stored, run over
// burn-in by the present networks.
func (r *recurrent) begin() {
	s, h := r.sequences, r.hidden
	for k, state := range r.state {
		clear(state)
		if r.memory == nil {
			continue // whole episodes
		}
		for b := range s.Size {
			at := (b*memories + k) * h
			copy(state[b*h:(b+1)*h], s.Memory[at:at+h])
		}
	}
	if r.past == nil {
		return
	}
	for k, state := range r.state {
		copy(r.past.start[k].Data(), state)
	}
	r.past.run(r.burned, s.BurnLogWeight)
	for k, state := range r.state {
		states := r.past.states[k].Data()
		for b, steps := range s.Burned {
			if steps > 0 {
				at := (steps-1)*s.Size + b
				copy(state[b*h:(b+1)*h], states[at*h:(at+1)*h])
			}
		}
	}
}

// targets writes the critics' targets.
func (r *recurrent) targets() {
	a, s, n := r.agent, r.sequences, &r.next
	copy(n.policyX.Data(), r.obs)
	copy(n.policyState.Data(), r.state[0])
	policy.DrawNormal(n.noise.Data(), a.rng)
	n.policy.Run()
	copy(n.x.Data(), r.obs)
	copy(n.action.Data(), s.LogWeight)
	first := s.Size * r.servers // rows of the first step, which follows none
	copy(n.drawU.Data(), n.drawn.Data()[first*r.head.lbs:])
	for i, state := range n.state {
		copy(state.Data(), r.state[3+i])
	}
	n.critics.Run()
	c := &r.critic
	perServerTarget(c.y.Data(), r.reward, s.Bootstrap, n.q[0].Data(), n.q[1].Data(), n.logp.Data()[first:],
		a.cfg.Gamma, a.alpha.alpha())
	copy(c.x.Data(), r.obs)
	copy(c.action.Data(), s.LogWeight)
	for i, state := range c.state {
		copy(state.Data(), r.state[1+i])
	}
}

// runActor computes the actor's loss. The critics' graph has run on the same
// sequences.
func (r *recurrent) runActor() {
	a, t := r.agent, &r.actor
	copy(t.x.Data(), r.obs)
	copy(t.state.Data(), r.state[0])
	policy.DrawNormal(t.noise.Data(), a.rng)
	t.alpha.Data()[0] = float32(a.alpha.alpha())
	for i, before := range t.before {
		n := copy(before.Data(), r.state[1+i])
		copy(before.Data()[n:], r.critic.states[i].Data())
	}
	t.program.Run()
}

func (r *recurrent) stepCritic(rate float64) error {
	a, c := r.agent, &r.critic
	norm, err := c.adam.Step(a.nets.critic.Values(), c.program.Gradient(), rate)
	if err != nil {
		return err
	}
	a.averages.updates++
	a.averages.critic += float64(c.program.Loss())
	a.averages.criticNorm += norm
	a.averages.q += maskedMean(c.q[0].Data(), c.mask.Data())
	return nil
}

func (r *recurrent) stepActor(rate float64) error {
	a, t := r.agent, &r.actor
	norm, err := t.adam.Step(a.nets.actor.Values(), t.program.Gradient(), rate)
	if err != nil {
		return err
	}
	entropy := -maskedMean(t.logp.Data(), t.mask.Data())
	a.alpha.step(entropy)
	nn.Polyak(a.nets.average.Values(), a.nets.actor.Values(), float32(1-a.cfg.Average))
	a.averages.actorUpdates++
	a.averages.actor += float64(t.program.Loss())
	a.averages.actorNorm += norm
	a.averages.smoothness += float64(t.smoothness.Data()[0])
	a.averages.entropy += entropy
	return nil
}

// values is nextState's, of the windows that were drawn last: the present
// critics' Q of their steps, at two actions each.
func (r *recurrent) values() (q [2][]float64) {
	for k := range q {
		policy.DrawNormal(r.actor.noise.Data(), r.agent.aside)
		r.actor.program.Run()
		all := sumServers(r.actor.q[0].Data(), r.actor.q[1].Data(), r.servers)
		for row, m := range r.sequences.Mask {
			if m != 0 {
				q[k] = append(q[k], all[row])
			}
		}
	}
	return q
}

// maskedMean is the mean of the values whose mask is 1.
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
