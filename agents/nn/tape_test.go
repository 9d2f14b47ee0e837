package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"
)

// Gorgonia's own machine computes the same bits as the tape: over a recurrent
// network, shared nodes whose gradients add, and a detached one.
func TestTapeAgreesWithGorgoniasMachine(t *testing.T) {
	t.Parallel()
	const steps, batch = 5, 3
	rng := rand.New(rand.NewPCG(1, 1))
	arena := NewArena()
	net, err := NewRecurrentNet(arena, "net", RecurrentNetShape{In: 4, Hidden: 9, LayersAfter: 1, Out: 2}, rng)
	require.NoError(t, err)
	g := NewGraph(arena)
	x, h := g.Input("x", steps*batch, 4), g.Input("h", batch, 9)
	Uniform(rng, 1)(x.Data())
	Uniform(rng, 1)(h.Data())
	out, states := net.Apply(g, x, h)
	other := g.Apply(&WeightedSum{Weights: []float32{2, 1, -1}}, out, out, g.Detach(out))
	pair := g.Apply(new(Concat), out, other)
	logp := g.Apply(new(LogSoftmax), pair)
	loss := g.Apply(&WeightedSum{Weights: []float32{1, 0.5, 2}},
		g.Apply(new(MeanSquare), logp, g.Detach(pair)), g.Apply(new(MeanSquare), out, other),
		g.Apply(new(MeanSquare), states, g.Detach(g.Apply(&WeightedSum{Weights: []float32{0.5}}, states))))
	program, err := g.Compile(loss)
	require.NoError(t, err)
	program.Run()
	wantLoss := program.Loss()
	require.NotZero(t, wantLoss)
	var want [][]float32
	for _, part := range program.parts {
		want = append(want, slices.Clone(part.src))
	}

	for _, n := range g.expr.AllNodes() { // what the tape left must not matter
		switch op := n.Op().(type) {
		case *forwardOp:
			Constant(float32(math.NaN()))(op.buffer)
		case *backwardOp:
			Constant(float32(math.NaN()))(op.buffer)
		}
	}
	machine := gorgonia.NewTapeMachine(g.expr)
	require.NoError(t, machine.RunAll())
	for i, part := range program.parts {
		got, err := float32s(part.node.Value(), part.node.Shape())
		require.NoError(t, err)
		require.Equal(t, want[i], got, "%v", part.node)
	}
	require.Equal(t, wantLoss, program.Loss())
	require.NoError(t, machine.Close())
}
