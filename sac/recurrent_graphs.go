package sac

import "fairlb/agents/nn"

// recurrentNext draws the policy's actions in the states that followed and
// values them by the target critics.
type recurrentNext struct {
	policy               *nn.Plan
	policyX, policyStart *nn.Node // observations of all L+1 steps, state before the first
	noise                *nn.Node
	drawn, logp          *nn.Node // actions of all L+1 steps

	critics       *nn.Plan
	x             *nn.Node    // observations of all L+1 steps
	taken, drawnU *nn.Node    // actions of steps 0 to L-1 that were taken, of steps 1 to L that are drawn
	start         [2]*nn.Node // states before the first step
	q             [2]*nn.Node // of the drawn actions, steps 1 to L
}

// recurrentCriticGraph computes the critics' loss and its gradient.
type recurrentCriticGraph struct {
	x, action, y, mask *nn.Node
	start              [2]*nn.Node
	q, states          [2]*nn.Node // states after each step
	program            *nn.Program
}

// recurrentActorGraph computes the actor's loss and its gradient.
type recurrentActorGraph struct {
	x, start, noise, alpha *nn.Node
	criticStates           [2]*nn.Node // [L*B,H]: the critics' states as each step begins
	mask, modeMask         *nn.Node    // [L*B*N,1] and [L*B*N,LBs]: steps that count
	u, logp, smoothness    *nn.Node
	q                      [2]*nn.Node
	program                *nn.Program
}

// buildNext builds what values the states that followed, for windows of so many
// steps.
func (r *recurrent) buildNext(batch, steps int) error {
	p, s := r.agent.params, &r.next
	rows, all := steps*batch, (steps+1)*batch
	s.policy, s.critics = nn.NewPlan(p.actor), nn.NewPlan(p.target)
	s.policyX = s.policy.Input("features", all, r.servers*r.features)
	s.policyStart = s.policy.Input("state", batch, r.hidden)
	s.noise = s.policy.Input("noise", all*r.servers, r.head.lbs)
	out, _ := r.actorOutputs(s.policy, s.policyX, s.policyStart)
	s.drawn, s.logp = r.head.draw(s.policy, out, s.noise, all*r.servers)

	s.x = s.critics.Input("features", all, r.servers*r.features)
	s.taken = s.critics.Input("actions", rows*r.servers, r.head.lbs)
	s.drawnU = s.critics.Input("next actions", rows*r.servers, r.head.lbs)
	now := r.criticRows(s.critics, s.critics.Apply(&nn.Rows{From: 0, To: rows}, s.x), s.taken)
	next := r.criticRows(s.critics, s.critics.Apply(&nn.Rows{From: batch, To: all}, s.x), s.drawnU)
	for i, critic := range r.critics {
		s.start[i] = s.critics.Input("state", batch, r.hidden)
		s.q[i], _ = r.q(s.critics, i, next, critic.States(s.critics, now, s.start[i]))
	}
	if err := s.policy.Err(); err != nil {
		return err
	}
	return s.critics.Err()
}

// compileCritics builds the critics' loss.
func (r *recurrent) compileCritics(batch, steps int) (err error) {
	c, rows := &r.critic, steps*batch
	g := nn.NewGraph(r.agent.params.critic)
	c.x = g.Input("features", rows, r.servers*r.features)
	c.action = g.Input("actions", rows*r.servers, r.head.lbs)
	c.y = g.Input("targets", rows*r.servers, 1)
	c.mask = g.Input("mask", rows*r.servers, 1)
	in := r.criticRows(g, c.x, c.action)
	var losses [2]*nn.Node
	for i := range r.critics {
		c.start[i] = g.Input("state", batch, r.hidden)
		c.q[i], c.states[i] = r.q(g, i, in, c.start[i])
		losses[i] = g.Apply(new(nn.MeanSquare), c.q[i], c.y, c.mask)
	}
	c.program, err = g.Compile(g.Apply(&nn.WeightedSum{Weights: []float32{1, 1}}, losses[0], losses[1]))
	return err
}

// compileActor builds the actor's loss, in which the critics run from their states of
// what happened.
func (r *recurrent) compileActor(batch, steps int) (err error) {
	t := &r.actor
	rows, all := steps*batch, (steps+1)*batch
	each := rows * r.servers
	g := nn.NewGraph(r.agent.params.actor)
	t.x = g.Input("features", all, r.servers*r.features)
	t.start = g.Input("state", batch, r.hidden)
	t.noise = g.Input("noise", each, r.head.lbs)
	t.alpha = g.Input("alpha", 1)
	t.mask = g.Input("mask", each, 1)
	t.modeMask = g.Input("mask of actions", each, r.head.lbs)
	out, _ := r.actorOutputs(g, t.x, t.start)
	t.u, t.logp = r.head.draw(g, g.Apply(&nn.Rows{From: 0, To: each}, out), t.noise, each)
	in := r.criticRows(g, g.Apply(&nn.Rows{From: 0, To: rows}, t.x), t.u)
	for i := range r.critics {
		t.criticStates[i] = g.Input("critic's state", rows, r.hidden)
		t.q[i], _ = r.q(g, i, in, t.criticStates[i])
	}
	objective := g.Apply(new(policyLoss), t.logp, t.q[0], t.q[1], t.alpha, t.mask)
	mode := g.Apply(&nn.Centre{Servers: r.servers}, r.head.mode(g, out))
	t.smoothness = g.Apply(new(nn.MeanSquare),
		g.Apply(&nn.Rows{From: 0, To: each}, mode),
		g.Apply(&nn.Rows{From: batch * r.servers, To: all * r.servers}, mode), t.modeMask)
	smoothness := float32(r.agent.cfg.Smoothness)
	t.program, err = g.Compile(g.Apply(&nn.WeightedSum{Weights: []float32{1, smoothness}}, objective, t.smoothness))
	return err
}
