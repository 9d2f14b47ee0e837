package sac

import (
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// gaussian is the head of a squashed Gaussian per server, with critics that
// learn one Q_j per server.
type gaussian struct {
	perServer
	box, sigma float32
}

var (
	_ head    = (*gaussian)(nil)
	_ sampled = (*gaussian)(nil)
)

func (h *gaussian) columns() (actorOut, criticExtra, criticOut int) {
	return 2 * h.lbs, h.lbs, 1
}

func (h *gaussian) bias() []float32 { return nil }

func (h *gaussian) targetEntropy() float64 {
	return float64(h.lbs) * nn.SquashedGaussianEntropy(float64(h.box), float64(h.sigma))
}

// critic implements head.
func (h *gaussian) critic(b nn.Builder, n *networks, x, action, y, weight *nn.Node) criticNodes {
	return h.criticOf(h, b, n, x, action, y, weight)
}

// actor implements head; extra is the noise [R,LBs].
func (h *gaussian) actor(b nn.Builder, n *networks, in actorInputs) actorNodes {
	return h.actorOf(h, b, n, in)
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

func (h *gaussian) extraColumns() int { return h.lbs }

// prepare implements head: the noise of the reparameterisation.
func (h *gaussian) prepare(extra []float32, _ *criticNodes, rng *rand.Rand) {
	policy.DrawNormal(extra, rng)
}

func (h *gaussian) drawNoise(dst []float32, rng *rand.Rand) { policy.DrawNormal(dst, rng) }

// next implements head.
func (h *gaussian) next(n *networks, batch int) (nextState, error) { return h.nextOf(h, n, batch) }

// act implements head.
func (h *gaussian) act(plan *nn.Plan, actor *nn.ServerNet, explore bool) (*nn.Node, func([]float64, *rand.Rand)) {
	obs := plan.Input("observation", h.servers, actor.In())
	out := actor.Apply(plan, obs)
	var action, noise *nn.Node
	if explore {
		noise = plan.Input("noise", h.servers, h.lbs)
		action, _ = h.draw(plan, out, noise, h.servers)
	} else {
		action = h.mode(plan, out)
	}
	return obs, policy.DecideContinuous(plan, action, noise)
}
