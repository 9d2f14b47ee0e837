package ppo

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

func draw(f func(rng *rand.Rand) float64, shape ...int) nntest.Input {
	return nntest.Input{Shape: shape, Constant: true, Draw: func(rng *rand.Rand) float32 { return float32(f(rng)) }}
}

// TestLossGradients: against central differences, with ratios on both sides of
// the clip; step and tolerance are nntest's.
func TestLossGradients(t *testing.T) {
	t.Parallel()
	normal := func(rng *rand.Rand) float64 { return rng.NormFloat64() }
	for _, s := range []struct{ states, servers, group int }{{1, 1, 1}, {5, 3, 3}, {5, 3, 1}} {
		rows := s.states * s.servers
		old := draw(func(rng *rand.Rand) float64 { return rng.NormFloat64() / 2 }, rows/s.group, 1)
		nntest.Kernel(t, func() nn.Kernel {
			return &policyLoss{Servers: s.servers, Group: s.group, Clip: 0.2, Bonus: 0.3}
		}, nntest.Of(rows, 1), old, draw(normal, s.states, 1), nntest.Of(rows, 1))
		for _, clip := range []float32{0, 0.3} {
			nntest.Kernel(t, func() nn.Kernel { return &valueLoss{Clip: clip} },
				nntest.Of(rows, 1), draw(normal, rows, 1), draw(normal, rows, 1))
		}
	}
}

// run computes a kernel's loss and its gradient by the first input.
func run(t *testing.T, k nn.Kernel, in ...[]float32) (loss float32, slope []float32) {
	t.Helper()
	shapes := make([][]int, len(in))
	for i := range in {
		shapes[i] = []int{len(in[i]), 1}
	}
	_, err := k.Bind(shapes...)
	require.NoError(t, err)
	out, slope := make([]float32, 1), make([]float32, len(in[0]))
	k.Forward(out, in)
	din := make([][]float32, len(in))
	din[0] = slope
	k.Backward(din, []float32{1}, out, in)
	return out[0], slope
}

// TestClip: the objective of [PPO], figure 1, for ratios below, within and
// above the clip, and advantages of both signs.
func TestClip(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rho, adv, objective float64
		moves               bool
	}{
		{1, 2, 2, true}, {1, -2, -2, true}, {1.1, 2, 2.2, true}, {0.9, -2, -1.8, true},
		{1.5, 2, 2.4, false},   // enough gained
		{1.5, -2, -3, true},    // a loss that must be mended
		{0.5, 2, 1, true},      // the same
		{0.5, -2, -1.6, false}, // enough avoided
	} {
		k := &policyLoss{Servers: 2, Group: 2, Clip: 0.2}
		logp := []float32{-1, float32(math.Log(test.rho)) + 0.25}
		loss, slope := run(t, k, logp, []float32{-0.75}, []float32{float32(test.adv)}, []float32{9, 9})
		require.InDelta(t, -test.objective, loss, 1e-5, "%+v", test)
		want := float32(0)
		if test.moves {
			want = float32(-test.rho * test.adv)
		}
		require.InDeltaSlice(t, []float32{want, want}, slope, 1e-5, "%+v", test)
		require.InDelta(t, test.rho-1-math.Log(test.rho), k.kl, 1e-5)
		require.Equal(t, math.Abs(test.rho-1) > 0.2, k.clipped == 1)
	}
}

// TestServerRatios: servers are clipped each on its own, under the advantage of
// their state; the entropies' mean is taken off.
func TestServerRatios(t *testing.T) {
	t.Parallel()
	k := &policyLoss{Servers: 2, Group: 1, Clip: 0.2, Bonus: 0.5}
	up := float32(math.Log(1.5))
	loss, slope := run(t, k, []float32{up, 0, 0, up}, []float32{0, 0, 0, 0}, []float32{1, -1}, []float32{1, 2, 3, 6})
	require.InDelta(t, -(1.2+1-1-1.5)/2-0.5*3, loss, 1e-5)
	require.InDeltaSlice(t, []float32{0, -0.5, 0.5, 0.75}, slope, 1e-5)
	require.InDelta(t, 0.5, k.clipped, 1e-12)
}

// TestFarRatios: a policy that has run away has a finite loss.
func TestFarRatios(t *testing.T) {
	t.Parallel()
	k := &policyLoss{Servers: 1, Group: 1, Clip: 0.2}
	loss, slope := run(t, k, []float32{-1e4, 1e4}, []float32{0, 0}, []float32{1, -1}, []float32{0, 0})
	for _, v := range append(slope, loss) {
		require.False(t, math.IsNaN(float64(v)) || math.IsInf(float64(v), 0))
	}
}

func TestValueClip(t *testing.T) {
	t.Parallel()
	k := &valueLoss{Clip: 1}
	// Within; beyond and past the target's side, where the clipped error is the
	// larger and stands still; beyond and away from it.
	loss, slope := run(t, k, []float32{0.5, 3, 3}, []float32{0, 0, 0}, []float32{1, 4, -1})
	require.InDelta(t, (0.25+9+16)/3, loss, 1e-5)
	require.InDeltaSlice(t, []float32{-1. / 3, 0, 8. / 3}, slope, 1e-5)
	k = &valueLoss{}
	loss, _ = run(t, k, []float32{0.5, 3, 3}, []float32{0, 0, 0}, []float32{1, 4, -1})
	require.InDelta(t, (0.25+1+16)/3, loss, 1e-5)
}
