package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
)

// naiveAdam is algorithm 1 of Kingma and Ba as printed, in float64, with
// clipping by norm before it.
func naiveAdam(values []float64, gradients [][]float64, rate, maxNorm float64) {
	m, v := make([]float64, len(values)), make([]float64, len(values))
	for t, g := range gradients {
		norm := 0.0
		for _, x := range g {
			norm += x * x
		}
		scale := 1.0
		if norm = math.Sqrt(norm); maxNorm > 0 && norm > maxNorm {
			scale = maxNorm / norm
		}
		for i := range values {
			x := g[i] * scale
			m[i] = .9*m[i] + .1*x
			v[i] = .999*v[i] + .001*x*x
			mHat := m[i] / (1 - math.Pow(.9, float64(t+1)))
			vHat := v[i] / (1 - math.Pow(.999, float64(t+1)))
			values[i] -= rate * mHat / (math.Sqrt(vHat) + 1e-8)
		}
	}
}

func TestAdamAgreesWithItsAlgorithm(t *testing.T) {
	t.Parallel()
	gradients := [][]float64{{.1, -3}, {.2, 5}, {-.05, 0}, {0, 1e-3}}
	for _, maxNorm := range []float64{0, 1} {
		want := []float64{1, -2}
		naiveAdam(want, gradients, 0.1, maxNorm)
		got := []float32{1, -2}
		adam := nn.NewAdam(2, nn.AdamConfig{MaxNorm: maxNorm})
		for _, g := range gradients {
			norm, err := adam.Step(got, []float32{float32(g[0]), float32(g[1])}, 0.1)
			require.NoError(t, err)
			require.InDelta(t, math.Hypot(g[0], g[1]), norm, 1e-6)
		}
		require.InDelta(t, want[0], got[0], 1e-5)
		require.InDelta(t, want[1], got[1], 1e-5)
	}
}

func TestScalarAdamAgreesWithItsAlgorithm(t *testing.T) {
	t.Parallel()
	want, got, adam := []float64{2}, 2.0, nn.NewScalarAdam()
	gradients := [][]float64{{.1}, {-3}, {0}, {1e-3}}
	naiveAdam(want, gradients, 0.1, 0)
	for _, g := range gradients {
		got = adam.Step(got, g[0], 0.1)
	}
	require.InDelta(t, want[0], got, 1e-12)
}

func TestAdamRefusesGradientsThatAreNotFinite(t *testing.T) {
	t.Parallel()
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		values := []float32{1, 2}
		_, err := nn.NewAdam(2, nn.AdamConfig{MaxNorm: 1}).Step(values, []float32{0, float32(bad)}, 0.1)
		require.ErrorIs(t, err, nn.ErrDiverged)
		require.Equal(t, []float32{1, 2}, values)
	}
}
