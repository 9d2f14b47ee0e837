package hypernet

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents/nn"
)

// Mixer is the monotonic mixing network ([QMIX], section 4.2, figure 2a):
//
//	Q = elu(q |W1(s)| + b1(s)) |w2(s)| + b2(s)
//
// of the utilities q [R,A] and the global state s [R,S]. W1, b1 and w2 are
// linear in s, b2 has a hidden layer with ReLU.
type Mixer struct {
	shape          MixerShape
	first, second  layer // W1 [A*E], w2 [E]
	bias           layer // b1 [E]
	hidden, offset layer // b2
}

// MixerShape gives the sizes of a Mixer, all at least 1.
type MixerShape struct {
	Agents int // A, the number of utilities that are mixed
	State  int // S, columns of the global state
	Mixing int // E, columns of the mixing layer and of b2's hidden layer
}

// layer is a dense layer's parameters.
type layer struct{ weights, bias *nn.Param }

// New adds the parameters of a mixer to arena, their names behind name, drawn
// from rng: weights and biases uniform in +-1/sqrt(inputs).
func New(arena *nn.Arena, name string, s MixerShape, rng *rand.Rand) (*Mixer, error) {
	for _, f := range []struct {
		name string
		n    int
	}{{"agents", s.Agents}, {"state columns", s.State}, {"mixing columns", s.Mixing}} {
		if f.n < 1 {
			return nil, fmt.Errorf("%w: mixer %q: %s = %d, want at least 1", nn.ErrShape, name, f.name, f.n)
		}
	}
	dense := func(part string, in, out int) layer {
		bound := 1 / math.Sqrt(float64(in))
		return layer{
			arena.Add(name+"."+part+".weights", nn.Uniform(rng, bound), in, out),
			arena.Add(name+"."+part+".bias", nn.Uniform(rng, bound), out),
		}
	}
	return &Mixer{
		shape:  s,
		first:  dense("first", s.State, s.Agents*s.Mixing),
		bias:   dense("first_bias", s.State, s.Mixing),
		second: dense("second", s.State, s.Mixing),
		hidden: dense("offset_hidden", s.State, s.Mixing),
		offset: dense("offset", s.Mixing, 1),
	}, nil
}

// Apply adds the mixer to b: utilities q [R,A] and states s [R,S] -> Q [R,1],
// which falls in no utility.
func (m *Mixer) Apply(b nn.Builder, q, s *nn.Node) *nn.Node {
	dense := func(x *nn.Node, l layer, act nn.Activation) *nn.Node {
		return b.Apply(&nn.Dense{Act: act}, x, b.Param(l.weights), b.Param(l.bias))
	}
	sum := func(x, y *nn.Node) *nn.Node {
		return b.Apply(&nn.WeightedSum{Weights: []float32{1, 1}}, x, y)
	}
	mixed := b.Apply(&nn.RowProduct{Abs: true}, q, dense(s, m.first, nn.Identity))
	mixed = b.Apply(&nn.Activate{Act: nn.ELU}, sum(mixed, dense(s, m.bias, nn.Identity)))
	mixed = b.Apply(&nn.RowProduct{Abs: true}, mixed, dense(s, m.second, nn.Identity))
	return sum(mixed, dense(dense(s, m.hidden, nn.ReLU), m.offset, nn.Identity))
}
