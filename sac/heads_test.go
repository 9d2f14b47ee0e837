package sac

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
	"fairlb/agents/policy"
)

func TestLossKernelGradients(t *testing.T) {
	t.Parallel()
	fixed := func(shape ...int) nntest.Input { return nntest.Input{Shape: shape, Constant: true} }
	for _, rows := range []int{1, 6} {
		nntest.Kernel(t, func() nn.Kernel { return new(policyLoss) },
			nntest.Of(rows, 1), nntest.Of(rows, 1), nntest.Of(rows, 1), fixed(1))
		mask := nntest.Input{Shape: []int{rows, 1}, Constant: true,
			Draw: func(rng *rand.Rand) float32 { return float32(rng.IntN(2)) }}
		nntest.Kernel(t, func() nn.Kernel { return new(policyLoss) },
			nntest.Of(rows, 1), nntest.Of(rows, 1), nntest.Of(rows, 1), fixed(1), mask)
		nntest.Kernel(t, func() nn.Kernel { return new(factoredPolicyLoss) },
			nntest.Of(rows, 4), fixed(rows, 4), fixed(1))
		nntest.Kernel(t, func() nn.Kernel { return new(weightedSquare) }, nntest.Of(rows, 1), nntest.Of(rows, 1), fixed(rows, 1))
		level := nntest.Input{Shape: []int{rows, 1}, Constant: true,
			Draw: func(rng *rand.Rand) float32 { return float32(rng.IntN(3)) }}
		for _, servers := range []int{1, rows} {
			nntest.Kernel(t, func() nn.Kernel { return &factoredQ{servers: servers} }, nntest.Of(rows, 4), level)
		}
	}
}

// TestLossGradients checks the whole losses of critics and actor, smoothness
// included, through networks, head and graph, for both heads; odd sizes and
// size one. Step and tolerance are nntest's.
func TestLossGradients(t *testing.T) {
	t.Parallel()
	const batchFeatures = 3
	for _, kind := range []struct {
		head     policy.Head
		baseline Baseline
	}{{policy.Gaussian, NoBaseline}, {policy.Discrete, NoBaseline}, {policy.Gaussian, Advantage}} {
		for _, s := range []struct{ b, n int }{{1, 1}, {3, 4}} {
			t.Run(fmt.Sprintf("%s %s %dx%d", kind.head, kind.baseline, s.b, s.n), func(t *testing.T) {
				t.Parallel()
				cfg := DefaultConfig()
				cfg.Head, cfg.Hidden, cfg.Embedding, cfg.Baseline = kind.head, 5, 2, kind.baseline
				cfg.Batch = s.b
				rng := rand.New(rand.NewPCG(5, 7))
				a := agentOf(t, &cfg, 1, s.n, batchFeatures)
				h, nets := a.trainer.(*feedForward).critics, a.params
				for _, arena := range []*nn.Arena{nets.actor, nets.critic} {
					for i := range arena.Values() { // away from the near-zero outputs
						arena.Values()[i] += float32(0.3 * rng.NormFloat64())
					}
				}
				rows := s.b * s.n
				input := func(b nn.Builder, seed uint64, shape ...int) *nn.Node {
					x := b.Input("x", shape...)
					nn.Uniform(rand.New(rand.NewPCG(seed, 1)), 1)(x.Data())
					return x
				}
				targets := h.targetRows(s.b)
				for _, loss := range []func(b nn.Builder) squareLoss{
					func(b nn.Builder) squareLoss { return new(uniformSampler).squareLoss(b, targets) },
					func(b nn.Builder) squareLoss {
						p := new(prioritisedSampler)
						square := p.squareLoss(b, targets)
						nn.Uniform(rand.New(rand.NewPCG(6, 1)), 1)(p.weight.Data())
						return square
					},
				} {
					nntest.Loss(t, nets.critic, func(b nn.Builder) *nn.Node {
						action := input(b, 1, rows, 1)
						h.encode(action.Data(), action.Data())
						return h.criticLoss(b, input(b, 2, rows, batchFeatures), action, input(b, 3, targets, 1), loss(b)).loss
					})
				}
				if kind.baseline == Advantage {
					return // the mode is held fast: differences would move it
				}
				nntest.Loss(t, nets.actor, func(b nn.Builder) *nn.Node {
					in := actorInputs{
						x:     input(b, 4, 2*rows, batchFeatures),
						extra: input(b, 5, rows, h.extraColumns()),
						alpha: b.Input("alpha", 1),
					}
					in.alpha.Data()[0] = 0.3
					return h.actorLoss(b, in, float32(cfg.Smoothness)).loss
				})
			})
		}
	}
}

func TestPerServerTarget(t *testing.T) {
	t.Parallel()
	// Two states of two servers. In the first, the second twin has the smaller
	// sum although its first value is the larger; the second has no future.
	y := make([]float32, 4)
	perServerTarget(y,
		[]float32{1, 2, 3, 4}, []float32{1, 0},
		[]float32{1, 9, 5, 5}, []float32{4, 2, 5, 5},
		[]float32{-1, 0.5, 7, 7}, 0.5, 0.1)
	require.InDeltaSlice(t, []float32{1 + .5*(4+.1), 2 + .5*(2-.05), 3, 4}, y, 1e-6)
}

func TestFactoredTarget(t *testing.T) {
	t.Parallel()
	half := float32(math.Log(0.5))
	logp := []float32{half, half, 0, -100, half, half, half, half}
	// Columns V, U_1, U_2 of two servers in two states.
	out1 := []float32{2, 1, 3, 4, 5, 0, 9, 9, 9, 9, 9, 9}
	out2 := []float32{2, 1, 3, 4, 7, 0, 9, 9, 9, 9, 9, 9}
	y := make([]float32, 2)
	factoredTarget(y, []float32{1, 2, 3, 4}, []float32{1, 0}, out1, out2, logp, 0.5, 0.1)
	// V = 3, server 1 expects 2, server 2 plays its first level: 3 + 2 + 5; H = log 2.
	require.InDeltaSlice(t, []float32{3 + .5*(10+.1*float32(math.Ln2)), 7}, y, 1e-6)
}

func TestTemperatureSeeksItsTarget(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	alpha := newTemperature(&cfg, func(float64) float64 { return 0.5 })
	require.InDelta(t, 0.02, alpha.alpha(), 1e-12)
	alpha.step(0.4)
	require.InDelta(t, 0.02*math.Exp(cfg.AlphaRate), alpha.alpha(), 1e-6, "too little entropy raises alpha")
	for range 3000 {
		alpha.step(0.4)
	}
	require.InDelta(t, cfg.AlphaMax, alpha.alpha(), 1e-9)
	for range 9000 {
		alpha.step(0.6)
	}
	require.InDelta(t, cfg.AlphaMin, alpha.alpha(), 1e-9)
}

func TestTargetEntropyFalls(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	require.Equal(t, newGaussian(&cfg, 1).targetEntropy(0), newGaussian(&cfg, 1).targetEntropy(1))
	cfg.Sigma, cfg.FinalSigma = 0.4, 0.1
	h := newGaussian(&cfg, 2)
	for progress, sigma := range []float64{0.4, 0.1} {
		require.InDelta(t, 2*nn.SquashedGaussianEntropy(cfg.Box, sigma), h.targetEntropy(float64(progress)), 1e-6)
	}
	require.InDelta(t, 2*nn.SquashedGaussianEntropy(cfg.Box, 0.2), h.targetEntropy(0.5), 1e-6)
	alpha := newTemperature(&cfg, h.targetEntropy)
	alpha.aim(1)
	require.Equal(t, h.targetEntropy(1), alpha.target)
}

func TestInitialPolicyHasTheTargetEntropy(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	for _, lbs := range []int{1, 3} { // that it steers: a server's entropy is that of all of them
		h := newGaussian(&cfg, lbs)
		plan := nn.NewPlan(nn.NewArena())
		const rows = 20000
		out, noise := plan.Input("out", rows, 2*lbs), plan.Input("noise", rows, lbs)
		policy.DrawNormal(noise.Data(), rand.New(rand.NewPCG(1, 1)))
		_, logp := h.draw(plan, out, noise, rows)
		require.NoError(t, plan.Err())
		plan.Run()
		require.InDelta(t, h.targetEntropy(0), -nn.Mean(logp.Data()), 0.03*float64(lbs))
	}
}
