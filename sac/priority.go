package sac

import (
	"fmt"
	"math"

	"fairlb/agents/nn"
	"fairlb/replay"
)

// prioritised draws an agent's batches by priorities in place of uniformly
// (Config.Priority).
type prioritised struct {
	priorities *replay.Priorities
	weights    []float32 // [B]: of the batch's states
	errs       []float32 // [B]
}

// prioritise makes the agent draw from buffer by priorities.
func (a *agent) prioritise(buffer *replay.Buffer) error {
	p, err := replay.NewPriorities(buffer, a.index, a.cfg.Priority)
	if err != nil {
		return err
	}
	a.prioritised = &prioritised{priorities: p, weights: make([]float32, a.cfg.Batch), errs: make([]float32, a.cfg.Batch)}
	return nil
}

// draw fills the batch and, where transitions have priorities, the weights of
// the critics' loss.
func (a *agent) draw(buffer *replay.Buffer, beta float64) error {
	p := a.prioritised
	if p == nil {
		return buffer.Sample(a.batch, a.index, a.rng)
	}
	if err := p.priorities.Sample(a.batch, p.weights, beta, a.rng); err != nil {
		return err
	}
	weight := a.critic.weight.Data()
	each := len(weight) / len(p.weights)
	for k := range weight {
		weight[k] = p.weights[k/each]
	}
	return nil
}

// learned makes priorities of the errors of the critics' last run.
func (a *agent) learned() error {
	p, c := a.prioritised, &a.critic
	if p == nil {
		return nil
	}
	absoluteErrors(p.errs, c.nodes.q[0].Data(), c.nodes.q[1].Data(), c.y.Data())
	return p.priorities.Update(p.errs)
}

// absoluteErrors writes the mean |Q - y| of each state, over the twins and, if
// each has a target, over servers: from Q1, Q2 and y [B*T] to dst [B].
func absoluteErrors(dst, q1, q2, y []float32) {
	each := len(y) / len(dst)
	for b := range dst {
		var sum float64
		for k := b * each; k < (b+1)*each; k++ {
			sum += math.Abs(float64(q1[k]-y[k])) + math.Abs(float64(q2[k]-y[k]))
		}
		dst[b] = float32(sum / float64(2*each))
	}
}

// squareLoss adds a critic's loss, mean (Q - y)^2; each square counts by its
// weight unless weight is nil.
func squareLoss(b nn.Builder, q, y, weight *nn.Node) *nn.Node {
	if weight == nil {
		return b.Apply(new(nn.MeanSquare), q, y)
	}
	return b.Apply(new(weightedSquare), q, y, weight)
}

// weightedSquare is the mean of w (x - y)^2 over tensors x, y and w of one
// shape -> [1]: a loss under importance sampling ([PER], algorithm 1, line 12).
// w gets no gradient.
type weightedSquare struct{}

var _ nn.Kernel = (*weightedSquare)(nil)

// Name implements nn.Kernel.
func (k *weightedSquare) Name() string { return "weighted square" }

// Bind implements nn.Kernel.
func (k *weightedSquare) Bind(in ...[]int) ([]int, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("%w: want x, y and weights", nn.ErrShape)
	}
	for i, name := range []string{"target", "weights"} {
		if err := nn.WantShape(name, in[i+1], in[0]...); err != nil {
			return nil, err
		}
	}
	return []int{1}, nil
}

// Forward implements nn.Kernel. It sums in float64.
func (k *weightedSquare) Forward(out []float32, in [][]float32) {
	var sum float64
	for i, x := range in[0] {
		d := float64(x) - float64(in[1][i])
		sum += float64(in[2][i]) * d * d
	}
	out[0] = float32(sum / float64(len(in[0])))
}

// Backward implements nn.Kernel.
func (k *weightedSquare) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	scale := 2 * dout[0] / float32(len(in[0]))
	for i, x := range in[0] {
		d := scale * in[2][i] * (x - in[1][i])
		if din[0] != nil {
			din[0][i] = d
		}
		if din[1] != nil {
			din[1][i] = -d
		}
	}
	clear(din[2])
}
