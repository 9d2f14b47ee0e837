package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

var activations = map[string]nn.Activation{
	"identity": nn.Identity, "relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU, "sigmoid": nn.Sigmoid,
}

func TestActivationGradients(t *testing.T) {
	t.Parallel()
	of := nntest.Of
	for name, act := range activations {
		for _, s := range []struct{ b, n, f, h int }{{1, 1, 1, 1}, {1, 3, 2, 5}, {5, 3, 7, 9}} {
			t.Run(name, func(t *testing.T) {
				r := s.b * s.n
				nntest.Kernel(t, func() nn.Kernel { return &nn.Activate{Act: act} }, of(r, s.h))
				nntest.Kernel(t, func() nn.Kernel { return &nn.Activate{Act: act} }, of(s.h))
				nntest.Kernel(t, func() nn.Kernel { return &nn.Dense{Act: act} }, of(r, s.f), of(s.f, s.h), of(s.h))
				nntest.Kernel(t, func() nn.Kernel { return &nn.Equivariant{Servers: s.n, Act: act} },
					of(r, s.f), of(s.f, s.h), of(s.f, s.h), of(s.h))
			})
		}
	}
}

func TestActivationValues(t *testing.T) {
	t.Parallel()
	ln2 := float32(math.Ln2)
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	x := []float32{0, ln2, -ln2, 1e-6, -1e-6, 200, -200, inf, -inf}
	for name, want := range map[string][]float32{
		"identity": x,
		"relu":     {0, ln2, 0, 1e-6, 0, 200, 0, inf, 0},
		"tanh":     {0, 0.6, -0.6, 1e-6, -1e-6, 1, -1, 1, -1},
		"elu":      {0, ln2, -0.5, 1e-6, -1e-6, 200, -1, inf, -1},
		"sigmoid":  {0.5, 2. / 3, 1. / 3, 0.5, 0.5, 1, 0, 1, 0},
	} {
		k := &nn.Activate{Act: activations[name]}
		got := forward(t, k, [][]int{{3, 3}}, x)
		for i, w := range want {
			if w == got[i] {
				continue // infinities too
			}
			require.InDelta(t, w, got[i], 3e-7, "%s of %g", name, x[i])
			if name == "elu" {
				require.InEpsilon(t, w, got[i], 1e-6, "%s of %g", name, x[i])
			}
		}
		require.True(t, math.IsNaN(float64(forward(t, k, [][]int{{1}}, []float32{nan})[0])), "%s hides a NaN", name)
	}
	// Derivatives at 0, log 2 and -log 2.
	for name, want := range map[string][]float32{
		"identity": {1, 1, 1}, "relu": {0, 1, 0}, "tanh": {1, 0.64, 0.64}, "elu": {1, 1, 0.5}, "sigmoid": {1. / 4, 2. / 9, 2. / 9},
	} {
		din := backward(t, &nn.Activate{Act: activations[name]}, [][]int{{3}}, []float32{10, 10, 10}, x[:3])
		for i, w := range want {
			require.InDelta(t, 10*w, din[0][i], 1e-5, name)
		}
	}
}

func TestActivateRefuses(t *testing.T) {
	t.Parallel()
	requireRefusals(t, nn.ErrShape,
		refusal{"no input", new(nn.Activate), nil}, refusal{"two inputs", new(nn.Activate), [][]int{{2}, {2}}})
}
