package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// RecurrentNet is a network in the paper's form (Yao & Ding, appendix E.2): flat, with
// one row of inputs for all servers, and with a recurrent layer.
//
//	x -> Dense ReLU -> Dense ReLU -> GRU -> Dense ReLU (once or more) -> Dense
type RecurrentNet struct {
	in, out, hidden int
	before          []denseParams
	gru             [4]*Param // W, U, b, c
	after           []denseParams
	head            denseParams
}

type denseParams struct{ weights, bias *Param }

// RecurrentNetShape gives the sizes of a RecurrentNet, all at least 1.
type RecurrentNetShape struct {
	In          int // columns of the input
	Hidden      int // columns of each hidden layer and of the state
	LayersAfter int // number of dense layers between the recurrent one and the output
	Out         int // columns of the output

	SmallOutput bool // first outputs near zero, so that an untrained policy treats all servers alike
}

// NewRecurrentNet adds the parameters of a network to arena, their names behind
// name, drawn from rng: dense weights by HeUniform, those of the recurrent
// layer uniform in +-1/sqrt(Hidden), biases 0.
func NewRecurrentNet(arena *Arena, name string, s RecurrentNetShape, rng *rand.Rand) (*RecurrentNet, error) {
	for _, f := range []struct {
		name string
		n    int
	}{{"input columns", s.In}, {"hidden columns", s.Hidden}, {"dense layers after", s.LayersAfter}, {"output columns", s.Out}} {
		if f.n < 1 {
			return nil, fmt.Errorf("%w: network %q: %s = %d, want at least 1", ErrShape, name, f.name, f.n)
		}
	}
	dense := func(layer string, in, out int, weights Init) denseParams {
		return denseParams{
			arena.Add(name+"."+layer+".weights", weights, in, out),
			arena.Add(name+"."+layer+".bias", Constant(0), out),
		}
	}
	h := s.Hidden
	n := &RecurrentNet{in: s.In, out: s.Out, hidden: h}
	n.before = []denseParams{
		dense("hidden1", s.In, h, HeUniform(rng, s.In)),
		dense("hidden2", h, h, HeUniform(rng, h)),
	}
	bound := 1 / math.Sqrt(float64(h))
	n.gru = [4]*Param{
		arena.Add(name+".gru.weights", Uniform(rng, bound), h, 3*h),
		arena.Add(name+".gru.state_weights", Uniform(rng, bound), h, 3*h),
		arena.Add(name+".gru.bias", Constant(0), 3*h),
		arena.Add(name+".gru.state_bias", Constant(0), 3*h),
	}
	for i := range s.LayersAfter {
		n.after = append(n.after, dense(fmt.Sprintf("hidden%d", 3+i), h, h, HeUniform(rng, h)))
	}
	out := HeUniform(rng, h)
	if s.SmallOutput {
		out = Uniform(rng, outputBound)
	}
	n.head = dense("out", h, s.Out, out)
	return n, nil
}

// In returns the columns of the input.
func (n *RecurrentNet) In() int { return n.in }

// Hidden returns the columns of the state.
func (n *RecurrentNet) Hidden() int { return n.hidden }

// Out returns the columns of the output.
func (n *RecurrentNet) Out() int { return n.out }

// Apply adds the network to b: x [T*B,In], time after time, and the initial
// state [B,Hidden] -> the outputs [T*B,Out] and all states [T*B,Hidden], of
// which the last B rows are the final one.
func (n *RecurrentNet) Apply(b Builder, x, state *Node) (out, states *Node) {
	states = n.States(b, x, state)
	x = states
	for _, p := range n.after {
		x = layer(b, x, p, ReLU)
	}
	return layer(b, x, n.head, Identity), states
}

// States adds the network to b up to its recurrent layer: as Apply, without
// the outputs.
func (n *RecurrentNet) States(b Builder, x, state *Node) *Node {
	steps := 1
	if b.Err() == nil && len(x.shape) == 2 && len(state.shape) == 2 && state.shape[0] > 0 {
		steps = max(x.shape[0]/state.shape[0], 1)
	}
	for _, p := range n.before {
		x = layer(b, x, p, ReLU)
	}
	return b.Apply(&GRU{Steps: steps}, x, state,
		b.Param(n.gru[0]), b.Param(n.gru[1]), b.Param(n.gru[2]), b.Param(n.gru[3]))
}

// layer adds a dense layer.
func layer(b Builder, x *Node, p denseParams, act Activation) *Node {
	return b.Apply(&Dense{Act: act}, x, b.Param(p.weights), b.Param(p.bias))
}
