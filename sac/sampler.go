package sac

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/replay"
)

// sampler draws the transitions of an agent's batches.
type sampler interface {
	// sample fills a batch. beta is the exponent of its importance weights.
	sample(batch *replay.Batch, beta float64, rng *rand.Rand) error

	// squareLoss returns the critics' loss of batches with so many targets,
	// under the weights of the batch, and adds what it needs to b.
	squareLoss(b nn.Builder, targets int) squareLoss

	// learn takes the twins' values of the batch and their targets [targets]
	// into account for later draws.
	learn(q1, q2, y []float32) error

	// savers lists what the sampler keeps for each transition.
	savers() []agents.Saver
}

// squareLoss adds the loss of one critic, the mean of (Q - y)^2, each square
// counting by the weight of its transition.
type squareLoss func(q, y *nn.Node) *nn.Node

// newSampler returns the sampler that the agent's configuration asks for.
func newSampler(a *agent) (sampler, error) {
	if a.cfg.Priority == 0 {
		return &uniformSampler{buffer: a.buffer, agent: a.index}, nil
	}
	p, err := replay.NewPriorities(a.buffer, a.index, a.cfg.Priority)
	if err != nil {
		return nil, err
	}
	return &prioritisedSampler{
		priorities: p, weights: make([]float32, a.cfg.Batch), errors: make([]float32, a.cfg.Batch),
	}, nil
}

// uniformSampler draws transitions alike; all count alike.
type uniformSampler struct {
	buffer *replay.Buffer
	agent  int
}

var _ sampler = (*uniformSampler)(nil)

func (s *uniformSampler) sample(batch *replay.Batch, _ float64, rng *rand.Rand) error {
	return s.buffer.Sample(batch, s.agent, rng)
}

func (s *uniformSampler) squareLoss(b nn.Builder, _ int) squareLoss {
	return func(q, y *nn.Node) *nn.Node { return b.Apply(new(nn.MeanSquare), q, y) }
}

func (s *uniformSampler) learn(_, _, _ []float32) error { return nil }

func (s *uniformSampler) savers() []agents.Saver { return nil }

// prioritisedSampler draws transitions by the size of the errors that the
// critics last made on them (Config.Priority, [PER]).
type prioritisedSampler struct {
	priorities *replay.Priorities
	weights    []float32 // [B]: importance weights of the batch's transitions
	errors     []float32 // [B]: their errors
	weight     *nn.Node  // [targets,1]: the weights, as the critics' loss takes them
}

var _ sampler = (*prioritisedSampler)(nil)

func (s *prioritisedSampler) sample(batch *replay.Batch, beta float64, rng *rand.Rand) error {
	if err := s.priorities.Sample(batch, s.weights, beta, rng); err != nil {
		return err
	}
	weight := s.weight.Data()
	each := len(weight) / len(s.weights)
	for k := range weight {
		weight[k] = s.weights[k/each]
	}
	return nil
}

func (s *prioritisedSampler) squareLoss(b nn.Builder, targets int) squareLoss {
	s.weight = b.Input("weights", targets, 1)
	return func(q, y *nn.Node) *nn.Node { return b.Apply(new(weightedSquare), q, y, s.weight) }
}

func (s *prioritisedSampler) learn(q1, q2, y []float32) error {
	absoluteErrors(s.errors, q1, q2, y)
	return s.priorities.Update(s.errors)
}

func (s *prioritisedSampler) savers() []agents.Saver { return []agents.Saver{s.priorities} }

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
