package nn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

func TestLogProbGradients(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{1, 7} {
		actions := nntest.Input{Shape: []int{rows, 1}, Constant: true,
			Draw: func(rng *rand.Rand) float32 { return float32(rng.Float64() - 0.5) }}
		nntest.Kernel(t, func() nn.Kernel { return &nn.SquashedLogProb{Box: 0.8, Sigma: 1.2} }, nntest.Of(rows, 2), actions)
		nntest.Kernel(t, func() nn.Kernel { return &nn.GaussianEntropy{Sigma: 0.7} }, nntest.Of(rows, 2))
	}
}

// TestLogProbOfDrawnActions: the density of an action, found again from the
// action alone, is that with which it was drawn, also after the way of a weight
// through exp and log.
func TestLogProbOfDrawnActions(t *testing.T) {
	t.Parallel()
	const rows = 4000
	const box, sigma = 1.3, 0.4
	plan := nn.NewPlan(nn.NewArena())
	h, noise, taken := plan.Input("h", rows, 2), plan.Input("noise", rows, 1), plan.Input("taken", rows, 1)
	drawn := plan.Apply(&nn.SquashedGaussian{Box: box, Sigma: sigma}, h, noise)
	again := plan.Apply(&nn.SquashedLogProb{Box: box, Sigma: sigma}, h, taken)
	require.NoError(t, plan.Err())
	rng := rand.New(rand.NewPCG(1, 2))
	for r := range rows {
		h.Data()[2*r], h.Data()[2*r+1] = float32(rng.NormFloat64()), float32(rng.NormFloat64()/2)
		noise.Data()[r] = float32(rng.NormFloat64())
	}
	plan.Run()
	for r, u := range drawn.Data()[:rows] {
		taken.Data()[r] = float32(math.Log(math.Exp(float64(u))))
	}
	plan.Run()
	for r, u := range drawn.Data()[:rows] {
		// What a rounding of u moves log p by grows with the slope of z near the bound.
		left := 1 - math.Abs(float64(u))/box
		require.InDelta(t, drawn.Data()[rows+r], again.Data()[r], 1e-5+1e-6/left, "u = %g", u)
	}

	// At the bounds and, by rounding, past them, everything stays finite.
	copy(taken.Data(), []float32{box, -box, 1.01 * box, math.Nextafter32(box, 0)})
	plan.Run()
	for _, lp := range again.Data()[:4] {
		require.False(t, math.IsNaN(float64(lp)) || math.IsInf(float64(lp), 0))
	}
}
