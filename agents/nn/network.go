package nn

import (
	"fmt"
	"math/rand/v2"
)

// ServerNet is the feed-forward network of the learners: permutation equivariant over
// servers (Equivariant), but for a learned embedding of each server, by which the
// network tells servers apart.
//
//	[x, E] -> Equivariant ReLU -> ... -> Dense -> one row of outputs per server
//
// Its output layer starts near zero, so that an untrained policy treats all
// servers alike.
type ServerNet struct {
	servers   int
	in        int
	embedding *Param
	hidden    []equivariantParams
	weights   *Param
	bias      *Param
}

type equivariantParams struct{ weights, context, bias *Param }

// ServerNetShape gives the sizes of a ServerNet, all at least 1.
type ServerNetShape struct {
	Servers   int // N
	In        int // columns of the input
	Embedding int // columns of the learned embedding
	Hidden    int // columns of each hidden layer
	Layers    int // number of hidden layers
	Out       int // columns of the output

	Bias []float32 // first bias of the outputs, Out of them; nil for zeros
}

// outputBound bounds the first weights of an output layer.
const outputBound = 1e-3

// NewServerNet adds the parameters of a network to arena, their names behind
// name, drawn from rng.
func NewServerNet(arena *Arena, name string, s ServerNetShape, rng *rand.Rand) (*ServerNet, error) {
	for _, f := range []struct {
		name string
		n    int
	}{
		{"servers", s.Servers}, {"input columns", s.In}, {"embedding columns", s.Embedding},
		{"hidden columns", s.Hidden}, {"hidden layers", s.Layers}, {"output columns", s.Out},
	} {
		if f.n < 1 {
			return nil, fmt.Errorf("%w: network %q: %s = %d, want at least 1", ErrShape, name, f.name, f.n)
		}
	}
	if s.Bias == nil {
		s.Bias = make([]float32, s.Out)
	}
	if len(s.Bias) != s.Out {
		return nil, fmt.Errorf("%w: network %q: %d first biases of %d outputs", ErrShape, name, len(s.Bias), s.Out)
	}
	net := &ServerNet{servers: s.Servers, in: s.In}
	net.embedding = arena.Add(name+".embedding", Uniform(rng, 1), s.Servers, s.Embedding)
	in := s.In + s.Embedding
	for i := range s.Layers {
		layer := fmt.Sprintf("%s.hidden%d", name, i+1)
		net.hidden = append(net.hidden, equivariantParams{
			weights: arena.Add(layer+".weights", HeUniform(rng, in), in, s.Hidden),
			context: arena.Add(layer+".context", HeUniform(rng, in), in, s.Hidden),
			bias:    arena.Add(layer+".bias", Constant(0), s.Hidden),
		})
		in = s.Hidden
	}
	net.weights = arena.Add(name+".out.weights", Uniform(rng, outputBound), in, s.Out)
	net.bias = arena.Add(name+".out.bias", func(dst []float32) { copy(dst, s.Bias) }, s.Out)
	return net, nil
}

// In returns the number of columns of the network's input.
func (n *ServerNet) In() int { return n.in }

// Apply adds the network to b: x [B*N, In] -> [B*N, Out].
func (n *ServerNet) Apply(b Builder, x *Node) *Node {
	x = b.Apply(new(Embed), x, b.Param(n.embedding))
	for _, h := range n.hidden {
		x = b.Apply(&Equivariant{Servers: n.servers, Act: ReLU}, x, b.Param(h.weights), b.Param(h.context), b.Param(h.bias))
	}
	return b.Apply(new(Dense), x, b.Param(n.weights), b.Param(n.bias))
}
