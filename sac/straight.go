package sac

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// straightThrough is the head of a categorical over levels per server, like
// discrete, with the gaussian head's critics, one Q_j per server: what the other
// servers gain by a level is in their values. The critics' gradient by the
// chosen log-weight reaches the actor by a straight-through sample
// (straightLevel); entropies are exact. For an LB on a server there is a
// categorical of its own.
type straightThrough struct {
	perServer
	discrete discrete // for what they share
}

var (
	_ head    = (*straightThrough)(nil)
	_ sampled = (*straightThrough)(nil)
)

func (h *straightThrough) levels() policy.Levels { return h.discrete.levels }

func (h *straightThrough) columns() (actorOut, criticExtra, criticOut int) {
	return h.lbs * len(h.levels()), h.lbs, 1
}

func (h *straightThrough) bias() []float32 {
	var all []float32
	for range h.lbs {
		all = append(all, h.discrete.bias()...)
	}
	return all
}

func (h *straightThrough) targetEntropy() float64 {
	return float64(h.lbs) * h.discrete.targetEntropy()
}

// critic implements head.
func (h *straightThrough) critic(b nn.Builder, n *networks, x, action, y, weight *nn.Node) criticNodes {
	return h.criticOf(h, b, n, x, action, y, weight)
}

// actor implements head; extra is the noise [R,LBs*K].
func (h *straightThrough) actor(b nn.Builder, n *networks, in actorInputs) actorNodes {
	return h.actorOf(h, b, n, in)
}

// logp adds the log-probabilities [rows*LBs,K] of outputs [rows,LBs*K].
func (h *straightThrough) logp(b nn.Builder, out *nn.Node, rows int) *nn.Node {
	return b.Apply(new(nn.LogSoftmax), h.shaped(b, out, rows*h.lbs, len(h.levels())))
}

// draw implements sampled: with the mean of log pi in place of the sample's.
func (h *straightThrough) draw(b nn.Builder, out, noise *nn.Node, rows int) (u, logp *nn.Node) {
	all := h.logp(b, out, rows)
	level := &straightLevel{levels: h.levels()}
	u = h.shaped(b, b.Apply(level, all, h.shaped(b, noise, rows*h.lbs, len(h.levels()))), rows, h.lbs)
	entropy := h.shaped(b, b.Apply(new(nn.Entropy), all), rows, h.lbs)
	if h.lbs > 1 {
		entropy = b.Apply(new(nn.SumColumns), entropy)
	}
	return u, b.Apply(&nn.WeightedSum{Weights: []float32{-1}}, entropy)
}

// mode adds the expected levels [rows,LBs], which have a gradient.
func (h *straightThrough) mode(b nn.Builder, out *nn.Node) *nn.Node {
	if b.Err() != nil {
		return out
	}
	rows := out.Shape()[0]
	levels := b.Input("levels", rows*h.lbs, len(h.levels()))
	for i := range levels.Data() {
		levels.Data()[i] = float32(h.levels()[i%len(h.levels())])
	}
	return h.shaped(b, b.Apply(new(nn.Expectation), h.logp(b, out, rows), levels), rows, h.lbs)
}

func (h *straightThrough) extraColumns() int { return h.lbs * len(h.levels()) }

func (h *straightThrough) prepare(extra []float32, _ *criticNodes, rng *rand.Rand) {
	h.drawNoise(extra, rng)
}

// drawNoise draws from Gumbel's law: -log of a standard exponential.
func (h *straightThrough) drawNoise(dst []float32, rng *rand.Rand) {
	for i := range dst {
		dst[i] = float32(-math.Log(rng.ExpFloat64()))
	}
}

func (h *straightThrough) next(n *networks, batch int) (nextState, error) {
	return h.nextOf(h, n, batch)
}

// act implements head.
func (h *straightThrough) act(plan *nn.Plan, actor *nn.ServerNet, explore bool) (*nn.Node, func([]float64, *rand.Rand)) {
	obs := plan.Input("observation", h.servers, actor.In())
	return obs, h.discrete.levels.Decide(plan, h.logp(plan, actor.Apply(plan, obs), h.servers), explore)
}

// straightLevel draws a level of each row and lets a gradient through (Jang et
// al. 2017, "Categorical Reparameterization with Gumbel-Softmax", straight-
// through, at temperature 1): from log-probabilities and Gumbel noise [R,K] ->
// the level of the largest sum [R,1], a sample of the categorical. Backwards it
// is sum_k y_k level_k with y = softmax(log p + noise), which is biased. Noise
// gets no gradient.
type straightLevel struct {
	levels []float64
	y      []float64 // [K]
}

var _ nn.Kernel = (*straightLevel)(nil)

// Name implements nn.Kernel.
func (k *straightLevel) Name() string { return "straight-through level" }

// Bind implements nn.Kernel.
func (k *straightLevel) Bind(in ...[]int) ([]int, error) {
	if len(in) != 2 || len(in[0]) != 2 || in[0][1] != len(k.levels) {
		return nil, fmt.Errorf("%w: want log-probabilities [R,%d] and noise", nn.ErrShape, len(k.levels))
	}
	k.y = make([]float64, len(k.levels))
	return []int{in[0][0], 1}, nn.WantShape("noise", in[1], in[0]...)
}

// Forward implements nn.Kernel.
func (k *straightLevel) Forward(out []float32, in [][]float32) {
	cols := len(k.levels)
	for r := range out {
		best := 0
		for i := range cols {
			if at := r * cols; in[0][at+i]+in[1][at+i] > in[0][at+best]+in[1][at+best] {
				best = i
			}
		}
		out[r] = float32(k.levels[best])
	}
}

// soften sets y of row r and returns the mean level under it.
func (k *straightLevel) soften(r int, in [][]float32) (mean float64) {
	top, sum := math.Inf(-1), 0.0
	for i := range k.y {
		k.y[i] = float64(in[0][r*len(k.y)+i]) + float64(in[1][r*len(k.y)+i])
		top = max(top, k.y[i])
	}
	for i, v := range k.y {
		k.y[i] = math.Exp(v - top)
		sum += k.y[i]
	}
	for i := range k.y {
		k.y[i] /= sum
		mean += k.y[i] * k.levels[i]
	}
	return mean
}

// Backward implements nn.Kernel: y_k (level_k - mean) by log p_k.
func (k *straightLevel) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	clear(din[1])
	if din[0] == nil {
		return
	}
	for r, d := range dout {
		mean := k.soften(r, in)
		for i, y := range k.y {
			din[0][r*len(k.y)+i] = float32(float64(d) * y * (k.levels[i] - mean))
		}
	}
}
