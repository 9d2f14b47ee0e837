package nn_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
)

// refusal is a kernel on inputs that it must refuse.
type refusal struct {
	name   string
	kernel nn.Kernel
	shapes [][]int
}

// requireRefusals checks that both builders refuse each case with want.
func requireRefusals(t *testing.T, want error, cases ...refusal) {
	t.Helper()
	for _, c := range cases {
		for _, b := range []nn.Builder{nn.NewPlan(nn.NewArena()), nn.NewGraph(nil)} {
			var in []*nn.Node
			for _, s := range c.shapes {
				in = append(in, b.Input("x", s...))
			}
			b.Apply(c.kernel, in...)
			require.ErrorIs(t, b.Err(), want, c.name)
		}
	}
}

// backward runs one kernel on literal inputs and returns the gradients by all
// of them, given that by the output. Each starts as 99: what a kernel does not
// write shows.
func backward(t *testing.T, k nn.Kernel, shapes [][]int, dout []float32, in ...[]float32) [][]float32 {
	t.Helper()
	shape, err := k.Bind(shapes...)
	require.NoError(t, err)
	size := 1
	for _, d := range shape {
		size *= d
	}
	require.Len(t, dout, size)
	out, din := make([]float32, size), make([][]float32, len(in))
	for i := range in {
		din[i] = make([]float32, len(in[i]))
		nn.Constant(99)(din[i])
	}
	k.Forward(out, in)
	k.Backward(din, dout, out, in)
	return din
}
