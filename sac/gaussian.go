package sac

import (
	"cmp"
	"math"
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// gaussian is the policy of a squashed Gaussian for each server and LB: the
// actor's outputs are, per LB, the mean and the raw scale of nn.SquashedGaussian.
type gaussian struct {
	lbs        int // that the agent steers
	box, sigma float32
	finalSigma float32 // at the end of training
}

var _ sampledHead = (*gaussian)(nil)

func newGaussian(cfg *Config, lbs int) *gaussian {
	return &gaussian{lbs: lbs, box: float32(cfg.Box), sigma: float32(cfg.Sigma), finalSigma: float32(cmp.Or(cfg.FinalSigma, cfg.Sigma))}
}

func (h *gaussian) outputs() int { return 2 * h.lbs }

func (h *gaussian) bias() []float32 { return nil }

// targetEntropy implements policyHead: that of the policy's mean in the middle of its
// box, whose deviation goes from the first to the last by equal ratios.
func (h *gaussian) targetEntropy(progress float64) float64 {
	first := float64(h.sigma)
	sigma := first
	if last := float64(h.finalSigma); last != first {
		sigma *= math.Pow(last/first, progress)
	}
	return float64(h.lbs) * nn.SquashedGaussianEntropy(float64(h.box), sigma)
}

func (h *gaussian) noiseColumns() int { return h.lbs }

func (h *gaussian) drawNoise(dst []float32, rng *rand.Rand) { policy.DrawNormal(dst, rng) }

// draw implements sampledHead. The probability of a server's actions is that of
// all LBs' together.
func (h *gaussian) draw(b nn.Builder, out, noise *nn.Node, rows int) (u, logp *nn.Node) {
	each := rows * h.lbs
	drawn := b.Apply(&nn.SquashedGaussian{Box: h.box, Sigma: h.sigma},
		reshape(b, out, h.lbs, each, 2), reshape(b, noise, h.lbs, each, 1))
	u = reshape(b, b.Apply(&nn.Rows{From: 0, To: each}, drawn), h.lbs, rows, h.lbs)
	logp = reshape(b, b.Apply(&nn.Rows{From: each, To: 2 * each}, drawn), h.lbs, rows, h.lbs)
	if h.lbs > 1 {
		logp = b.Apply(new(nn.SumColumns), logp)
	}
	return u, logp
}

// mode implements sampledHead.
func (h *gaussian) mode(b nn.Builder, out *nn.Node) *nn.Node {
	if b.Err() != nil {
		return out
	}
	rows := out.Shape()[0]
	return reshape(b, b.Apply(&nn.GaussianMode{Box: h.box}, reshape(b, out, h.lbs, rows*h.lbs, 2)), h.lbs, rows, h.lbs)
}

// decide implements policyHead.
func (h *gaussian) decide(plan *nn.Plan, out *nn.Node, servers int, explore bool) func([]float64, *policy.Noise) {
	if !explore {
		return policy.DecideContinuous(plan, h.mode(plan, out), nil)
	}
	noise := plan.Input("noise", servers, h.lbs)
	action, _ := h.draw(plan, out, noise, servers)
	return policy.DecideContinuous(plan, action, noise)
}
