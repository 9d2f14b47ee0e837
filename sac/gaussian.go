package sac

import (
	"math/rand/v2"

	"fairlb/agents/nn"
)

// gaussian is the head of a squashed Gaussian per server, with critics that
// learn one Q_j per server. A critic's row of server j is its features and its
// centred action u_j - mean(u).
//
// One that steers several LBs has an action for each on every server, and the
// entropy of a server is that of all of them.
type gaussian struct {
	box, sigma float32
	servers    int
	lbs        int // that it steers
}

var _ head = (*gaussian)(nil)

func (h *gaussian) columns() (actorOut, criticExtra, criticOut int) {
	return 2 * h.lbs, h.lbs, 1
}

func (h *gaussian) actions() int { return h.lbs }

func (h *gaussian) bias() []float32 { return nil }

func (h *gaussian) targetEntropy() float64 {
	return float64(h.lbs) * nn.SquashedGaussianEntropy(float64(h.box), float64(h.sigma))
}

func (h *gaussian) targets(batch int) int { return batch * h.servers }

func (h *gaussian) encode(dst, u []float32) { copy(dst, u) }

// q adds the critics' values [R,1] of features x and actions u [R,LBs].
func (h *gaussian) q(b nn.Builder, n *networks, x, u *nn.Node) [2]*nn.Node {
	in := b.Apply(new(nn.Concat), x, b.Apply(&nn.Centre{Servers: h.servers}, u))
	return [2]*nn.Node{n.critics[0].Apply(b, in), n.critics[1].Apply(b, in)}
}

// critic implements head: both twins fit mean_j (Q_j - y_j)^2.
func (h *gaussian) critic(b nn.Builder, n *networks, x, action, y, weight *nn.Node) criticNodes {
	q := h.q(b, n, x, action)
	loss := b.Apply(&nn.WeightedSum{Weights: []float32{1, 1}},
		squareLoss(b, q[0], y, weight), squareLoss(b, q[1], y, weight))
	return criticNodes{out: q, q: q, loss: loss}
}

// actor implements head; extra is the noise [R,LBs].
func (h *gaussian) actor(b nn.Builder, n *networks, in actorInputs) actorNodes {
	rows := in.extra.Shape()[0]
	out := n.policy.Apply(b, in.x)
	first := func(x *nn.Node) *nn.Node { return b.Apply(&nn.Rows{From: 0, To: rows}, x) }
	u, logp := h.draw(b, first(out), in.extra, rows)
	q := h.q(b, n, first(in.x), u)
	objective := b.Apply(new(policyLoss), logp, q[0], q[1], in.alpha)
	smooth := smoothnessPenalty(b, n, h.mode(b, out), rows)
	return actorNodes{
		loss:       b.Apply(&nn.WeightedSum{Weights: []float32{1, n.smoothness}}, objective, smooth),
		smoothness: smooth,
		entropy:    b.Apply(&nn.WeightedSum{Weights: []float32{-1}}, logp),
	}
}

// draw adds the actions [rows,LBs] and the logarithms [rows,1] of the
// probabilities of a server's together, under noise [rows,LBs].
func (h *gaussian) draw(b nn.Builder, out, noise *nn.Node, rows int) (u, logp *nn.Node) {
	each := rows * h.lbs
	drawn := b.Apply(&nn.SquashedGaussian{Box: h.box, Sigma: h.sigma}, h.shaped(b, out, each, 2), h.shaped(b, noise, each, 1))
	u = h.shaped(b, b.Apply(&nn.Rows{From: 0, To: each}, drawn), rows, h.lbs)
	logp = h.shaped(b, b.Apply(&nn.Rows{From: each, To: 2 * each}, drawn), rows, h.lbs)
	if h.lbs > 1 {
		logp = b.Apply(new(nn.SumColumns), logp)
	}
	return u, logp
}

// mode adds the actions without noise [rows,LBs].
func (h *gaussian) mode(b nn.Builder, out *nn.Node) *nn.Node {
	if b.Err() != nil {
		return out
	}
	rows := out.Shape()[0]
	return h.shaped(b, b.Apply(&nn.GaussianMode{Box: h.box}, h.shaped(b, out, rows*h.lbs, 2)), rows, h.lbs)
}

// shaped returns x as a matrix of that size: what several LBs do on a server
// stands in a row for the critics, and each by itself for the policy.
func (h *gaussian) shaped(b nn.Builder, x *nn.Node, rows, cols int) *nn.Node {
	if h.lbs == 1 {
		return x // it is
	}
	return b.Apply(&nn.Reshape{To: []int{rows, cols}}, x)
}

func (h *gaussian) extraColumns() int { return h.lbs }

// prepare implements head: the noise of the reparameterisation.
func (h *gaussian) prepare(extra []float32, _ *criticNodes, rng *rand.Rand) { drawNormal(extra, rng) }

func drawNormal(dst []float32, rng *rand.Rand) {
	for i := range dst {
		dst[i] = float32(rng.NormFloat64())
	}
}

// gaussianNext draws next actions and values them by the target critics.
type gaussianNext struct {
	servers           int
	policy, critics   *nn.Plan
	policyObs, noise  *nn.Node
	drawn, logp       *nn.Node
	criticObs, action *nn.Node
	q                 [2]*nn.Node
}

// next implements head.
func (h *gaussian) next(n *networks, batch int) (nextState, error) {
	rows := batch * n.servers
	s := &gaussianNext{servers: n.servers, policy: nn.NewPlan(n.actor), critics: nn.NewPlan(n.target)}
	s.policyObs = s.policy.Input("next states", rows, n.features)
	s.noise = s.policy.Input("noise", rows, h.lbs)
	s.drawn, s.logp = h.draw(s.policy, n.policy.Apply(s.policy, s.policyObs), s.noise, rows)
	s.criticObs = s.critics.Input("next states", rows, n.features)
	s.action = s.critics.Input("next actions", rows, h.lbs)
	s.q = h.q(s.critics, n, s.criticObs, s.action)
	if err := s.policy.Err(); err != nil {
		return nil, err
	}
	return s, s.critics.Err()
}

// run draws actions for the states x and values them.
func (s *gaussianNext) run(x []float32, rng *rand.Rand) {
	copy(s.policyObs.Data(), x)
	drawNormal(s.noise.Data(), rng)
	s.policy.Run()
	copy(s.criticObs.Data(), x)
	copy(s.action.Data(), s.drawn.Data())
	s.critics.Run()
}

// values implements nextState.
func (s *gaussianNext) values(x []float32, rng *rand.Rand) (q [2][]float64) {
	for k := range q {
		s.run(x, rng)
		q[k] = sumServers(s.q[0].Data(), s.q[1].Data(), s.servers)
	}
	return q
}

// targets implements nextState.
func (s *gaussianNext) targets(y, x, r, bootstrap []float32, gamma, alpha float64, rng *rand.Rand) {
	s.run(x, rng)
	perServerTarget(y, r, bootstrap, s.q[0].Data(), s.q[1].Data(), s.logp.Data(), gamma, alpha)
}

// act implements head.
func (h *gaussian) act(plan *nn.Plan, policy *nn.ServerNet, explore bool) (*nn.Node, func([]float64, *rand.Rand)) {
	obs := plan.Input("observation", h.servers, policy.In())
	out := policy.Apply(plan, obs)
	var action, noise *nn.Node
	if explore {
		noise = plan.Input("noise", h.servers, h.lbs)
		action, _ = h.draw(plan, out, noise, h.servers)
	} else {
		action = h.mode(plan, out)
	}
	return obs, func(u []float64, rng *rand.Rand) {
		if noise != nil {
			drawNormal(noise.Data(), rng)
		}
		plan.Run()
		for j, v := range action.Data() {
			u[j] = float64(v)
		}
	}
}
