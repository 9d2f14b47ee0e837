package sac

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// straightThrough is the policy categorical with actions through which gradients
// flow (straightLevel), so that it can learn from critics of one Q_j per server,
// as the gaussian policy does: what other servers gain by a level is in their
// values. Its entropies are exact.
type straightThrough struct{ categorical }

var _ sampledHead = (*straightThrough)(nil)

func (h *straightThrough) noiseColumns() int { return h.lbs * len(h.levels) }

// drawNoise draws from Gumbel's law: -log of a standard exponential.
func (h *straightThrough) drawNoise(dst []float32, rng *rand.Rand) {
	for i := range dst {
		dst[i] = float32(-math.Log(rng.ExpFloat64()))
	}
}

// draw implements sampledHead: with the mean of log pi in place of the sample's.
func (h *straightThrough) draw(b nn.Builder, out, noise *nn.Node, rows int) (u, logp *nn.Node) {
	all := h.logp(b, out, rows)
	level := &straightLevel{levels: h.levels}
	u = reshape(b, b.Apply(level, all, reshape(b, noise, h.lbs, rows*h.lbs, len(h.levels))), h.lbs, rows, h.lbs)
	entropy := reshape(b, b.Apply(new(nn.Entropy), all), h.lbs, rows, h.lbs)
	if h.lbs > 1 {
		entropy = b.Apply(new(nn.SumColumns), entropy)
	}
	return u, b.Apply(&nn.WeightedSum{Weights: []float32{-1}}, entropy)
}

// mode implements sampledHead: the expected levels, which have a gradient.
func (h *straightThrough) mode(b nn.Builder, out *nn.Node) *nn.Node {
	if b.Err() != nil {
		return out
	}
	rows := out.Shape()[0]
	return reshape(b, h.expected(b, h.logp(b, out, rows), rows*h.lbs), h.lbs, rows, h.lbs)
}

// straightLevel draws a level of each row and lets a gradient through (Jang et
// al. 2017, "Categorical Reparameterization with Gumbel-Softmax", straight-
// through, at temperature 1): from log-probabilities and Gumbel noise [R,K] ->
// the level of the largest sum [R,1], a sample of the categorical. Backwards it
// is sum_k y_k level_k with y = softmax(log p + noise), which is biased. Noise
// gets no gradient.
type straightLevel struct {
	levels policy.Levels
	y      []float64 // [K], the softmax of one row
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
			if first := r * cols; in[0][first+i]+in[1][first+i] > in[0][first+best]+in[1][first+best] {
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
