package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

func TestLayerNormGradients(t *testing.T) {
	t.Parallel()
	of := nntest.Of
	for _, s := range []struct{ r, f int }{{1, 1}, {5, 1}, {1, 3}, {7, 5}} {
		for _, epsilon := range []float64{0, 0.5} {
			nntest.Kernel(t, func() nn.Kernel { return &nn.LayerNorm{Epsilon: epsilon} }, of(s.r, s.f), of(s.f), of(s.f))
		}
	}
}

func TestLayerNormValues(t *testing.T) {
	t.Parallel()
	shapes := [][]int{{2, 2}, {2}, {2}}
	gain, bias := []float32{2, 4}, []float32{1, -1}
	// Mean 1 and variance 1, then mean 5 and variance 9: over sqrt(4) and sqrt(12).
	got := forward(t, &nn.LayerNorm{Epsilon: 3}, shapes, []float32{0, 2, 8, 2}, gain, bias)
	n := float32(3 / math.Sqrt(12))
	require.InDeltaSlice(t, []float32{0, 1, 1 + 2*n, -1 - 4*n}, got, 1e-6)
	// The default epsilon; a row of equal values; far from 0, where a variance
	// by E x^2 - (E x)^2 in float32 would be lost.
	got = forward(t, new(nn.LayerNorm), [][]int{{3, 2}, {2}, {2}}, []float32{0, 0.02, 7, 7, 30000, 30002}, gain, bias)
	m := float32(0.01 / math.Sqrt(1e-4+1e-5))
	require.InDeltaSlice(t, []float32{1 - 2*m, -1 + 4*m, 1, -1, -1, 3}, got, 5e-5)
	// Row 0 2 is -1/2 1/2, divided by 2: dx = (g - mean(g) - n mean(g n)) / 2 with g = 2 0.
	din := backward(t, &nn.LayerNorm{Epsilon: 3}, [][]int{{1, 2}, {2}, {2}}, []float32{1, 0}, []float32{0, 2}, gain, bias)
	require.InDeltaSlice(t, []float32{0.375, -0.375}, din[0], 1e-6)
	require.InDeltaSlice(t, []float32{-0.5, 0}, din[1], 1e-6)
	require.InDeltaSlice(t, []float32{1, 0}, din[2], 1e-6)
}

func TestLayerNormRefuses(t *testing.T) {
	t.Parallel()
	requireRefusals(t, nn.ErrShape,
		refusal{"gain", new(nn.LayerNorm), [][]int{{2, 3}, {2}, {3}}},
		refusal{"bias", new(nn.LayerNorm), [][]int{{2, 3}, {3}, {2}}},
		refusal{"dimensions", new(nn.LayerNorm), [][]int{{6}, {6}, {6}}},
		refusal{"inputs", new(nn.LayerNorm), [][]int{{2, 3}, {3}}})
	for _, epsilon := range []float64{-1e-5, math.Inf(1), math.NaN()} {
		requireRefusals(t, nn.ErrConfig, refusal{"epsilon", &nn.LayerNorm{Epsilon: epsilon}, [][]int{{2, 3}, {3}, {3}}})
	}
}
