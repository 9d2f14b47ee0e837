package sac

import (
	"math/rand/v2"

	"fairlb/agents/nn"
)

// perServer is what heads share whose critics learn one Q_j per server. A
// critic's row of server j is its features and its centred action
// u_j - nn.Mean(u).
//
// One that steers several LBs has an action for each on every server, and the
// entropy of a server is that of all of them.
type perServer struct {
	servers int
	lbs     int // that it steers
}

// sampled is a policy whose actions are a differentiable function of its
// outputs and of noise.
type sampled interface {
	// draw adds the actions [rows,LBs] that outputs and noise [rows,extra] give
	// and, per server, the logarithm of their probability or its mean [rows,1].
	draw(b nn.Builder, out, noise *nn.Node, rows int) (u, logp *nn.Node)

	// mode adds the actions without noise [rows,LBs].
	mode(b nn.Builder, out *nn.Node) *nn.Node

	// extraColumns is the width of the noise, which drawNoise draws.
	extraColumns() int
	drawNoise(dst []float32, rng *rand.Rand)
}

func (h *perServer) actions() int { return h.lbs }

func (h *perServer) targets(batch int) int { return batch * h.servers }

func (h *perServer) encode(dst, u []float32) { copy(dst, u) }

// q adds the critics' values [R,1] of features x and actions u [R,LBs]. Where
// networks split values,
//
//	Q_j(s, u) = V_j(s) + A_j(s, u) - A_j(s, m(s)),
//
// m being the policy's mode [R,LBs], a constant to every gradient: V is the
// value of the mode, the advantage is 0 there, and the slope by u is that of A
// (Wang et al. 2016, "Dueling Network Architectures"; Gu et al. 2016,
// "Continuous Deep Q-Learning with Model-based Acceleration"). Elsewhere mode is
// nil.
func (h *perServer) q(b nn.Builder, n *networks, x, u, mode *nn.Node) (q [2]*nn.Node) {
	in := h.criticRows(b, x, u)
	var at *nn.Node
	if mode != nil {
		at = h.criticRows(b, x, mode)
	}
	for i, critic := range n.critics {
		q[i] = critic.Apply(b, in)
		if mode != nil {
			q[i] = b.Apply(&nn.WeightedSum{Weights: []float32{1, 1, -1}}, n.values[i].Apply(b, x), q[i], critic.Apply(b, at))
		}
	}
	return q
}

// criticRows adds a critic's input.
func (h *perServer) criticRows(b nn.Builder, x, u *nn.Node) *nn.Node {
	return b.Apply(new(nn.Concat), x, b.Apply(&nn.Centre{Servers: h.servers}, u))
}

// criticOf is head's critic, of policy p: both twins fit mean_j (Q_j - y_j)^2.
func (h *perServer) criticOf(p sampled, b nn.Builder, n *networks, x, action, y, weight *nn.Node) criticNodes {
	var mode *nn.Node
	if n.splits() {
		mode = p.mode(b, n.policy.Apply(b, x))
	}
	q := h.q(b, n, x, action, mode)
	loss := b.Apply(&nn.WeightedSum{Weights: []float32{1, 1}},
		squareLoss(b, q[0], y, weight), squareLoss(b, q[1], y, weight))
	return criticNodes{out: q, q: q, loss: loss}
}

// actorOf is head's actor, of policy p; extra is the noise.
func (h *perServer) actorOf(p sampled, b nn.Builder, n *networks, in actorInputs) actorNodes {
	rows := in.extra.Shape()[0]
	out := n.policy.Apply(b, in.x)
	first := func(x *nn.Node) *nn.Node { return b.Apply(&nn.Rows{From: 0, To: rows}, x) }
	u, logp := p.draw(b, first(out), in.extra, rows)
	mode := p.mode(b, out)
	var at *nn.Node
	if n.splits() {
		at = b.Detach(first(mode))
	}
	q := h.q(b, n, first(in.x), u, at)
	objective := b.Apply(new(policyLoss), logp, q[0], q[1], in.alpha)
	smooth := smoothnessPenalty(b, n, mode, rows)
	return actorNodes{
		loss:       b.Apply(&nn.WeightedSum{Weights: []float32{1, n.smoothness}}, objective, smooth),
		smoothness: smooth,
		entropy:    b.Apply(&nn.WeightedSum{Weights: []float32{-1}}, logp),
	}
}

// shaped returns x as a matrix of that size: what several LBs do on a server
// stands in a row for the critics, and each by itself for the policy.
func (h *perServer) shaped(b nn.Builder, x *nn.Node, rows, cols int) *nn.Node {
	if h.lbs == 1 {
		return x // it is
	}
	return b.Apply(&nn.Reshape{To: []int{rows, cols}}, x)
}

// sampledNext draws next actions and values them by the target critics.
type sampledNext struct {
	sampled           sampled
	servers           int
	policy, critics   *nn.Plan
	policyObs, noise  *nn.Node
	u, logp           *nn.Node
	criticObs, action *nn.Node
	mode, at          *nn.Node // of the policy, and as the critics' input; nil unless they split values
	q                 [2]*nn.Node
}

// nextOf is head's next, of policy p.
func (h *perServer) nextOf(p sampled, n *networks, batch int) (nextState, error) {
	rows := batch * n.servers
	s := &sampledNext{sampled: p, servers: n.servers, policy: nn.NewPlan(n.actor), critics: nn.NewPlan(n.target)}
	s.policyObs = s.policy.Input("next states", rows, n.features)
	s.noise = s.policy.Input("noise", rows, p.extraColumns())
	out := n.policy.Apply(s.policy, s.policyObs)
	s.u, s.logp = p.draw(s.policy, out, s.noise, rows)
	s.criticObs = s.critics.Input("next states", rows, n.features)
	s.action = s.critics.Input("next actions", rows, h.lbs)
	if n.splits() {
		s.mode = p.mode(s.policy, out)
		s.at = s.critics.Input("next modes", rows, h.lbs)
	}
	s.q = h.q(s.critics, n, s.criticObs, s.action, s.at)
	if err := s.policy.Err(); err != nil {
		return nil, err
	}
	return s, s.critics.Err()
}

// run draws actions for the states x and values them.
func (s *sampledNext) run(x []float32, rng *rand.Rand) {
	copy(s.policyObs.Data(), x)
	s.sampled.drawNoise(s.noise.Data(), rng)
	s.policy.Run()
	copy(s.criticObs.Data(), x)
	copy(s.action.Data(), s.u.Data())
	if s.at != nil {
		copy(s.at.Data(), s.mode.Data())
	}
	s.critics.Run()
}

// values implements nextState.
func (s *sampledNext) values(x []float32, rng *rand.Rand) (q [2][]float64) {
	for k := range q {
		s.run(x, rng)
		q[k] = sumServers(s.q[0].Data(), s.q[1].Data(), s.servers)
	}
	return q
}

// targets implements nextState.
func (s *sampledNext) targets(y, x, r, bootstrap []float32, gamma, alpha float64, rng *rand.Rand) {
	s.run(x, rng)
	perServerTarget(y, r, bootstrap, s.q[0].Data(), s.q[1].Data(), s.logp.Data(), gamma, alpha)
}
