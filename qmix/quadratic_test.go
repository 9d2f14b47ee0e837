package qmix

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
	_ "fairlb/env/propertytest"
)

// TestQuadraticGradients checks both kernels by central differences.
func TestQuadraticGradients(t *testing.T) {
	t.Parallel()
	for _, s := range []struct{ states, servers int }{{1, 1}, {3, 2}, {2, 5}} {
		rows := s.states * s.servers
		u := nntest.Input{Shape: []int{rows, 1}, Constant: true}
		for name, kernel := range map[string]func() nn.Kernel{
			"utility": func() nn.Kernel { return &quadratic{servers: s.servers} },
			"peak":    func() nn.Kernel { return &peak{servers: s.servers} },
		} {
			t.Run(fmt.Sprint(name, s), func(t *testing.T) {
				t.Parallel()
				inputs := []nntest.Input{nntest.Of(rows, quadraticColumns)}
				if name == "utility" {
					inputs = append(inputs, u)
				}
				nntest.Kernel(t, kernel, inputs...)
			})
		}
	}
}

func TestQuadraticRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kernel nn.Kernel
		in     [][]int
	}{
		{&quadratic{servers: 2}, [][]int{{4, quadraticColumns}}},
		{&quadratic{servers: 2}, [][]int{{4, quadraticColumns}, {2, 1}}},
		{&quadratic{servers: 3}, [][]int{{4, quadraticColumns}, {4, 1}}},
		{&quadratic{servers: 2}, [][]int{{4, 3}, {4, 1}}},
		{&peak{servers: 2}, [][]int{{4}}},
		{&peak{servers: 0}, [][]int{{4, quadraticColumns}}},
		{&peak{servers: 2}, [][]int{{4, quadraticColumns}, {4, 1}}},
	} {
		_, err := test.kernel.Bind(test.in...)
		require.ErrorIs(t, err, nn.ErrShape)
	}
}

// outputs draws a network's outputs of one state.
func outputs(rng *rand.Rand, servers int) []float32 {
	x := make([]float32, servers*quadraticColumns)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// TestPartsSumToTheUtility: kernel and worth agree, and only the ratios of
// weights count.
func TestPartsSumToTheUtility(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(rt, "servers")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		x, u, out := outputs(rng, n), make([]float32, n), make([]float32, n)
		shift := float32(rng.NormFloat64())
		form := quadraticForm{levels: []float64{0, 1}, servers: n}
		k := form.part()
		_, err := k.Bind([]int{n, quadraticColumns}, []int{n, 1})
		require.NoError(rt, err)
		for range 2 {
			k.Forward(out, [][]float32{x, u})
			sum := 0.0
			for _, q := range out {
				sum += float64(q) * float64(form.scale())
			}
			utility, _ := form.value(x, u)
			require.InDelta(rt, sum, utility, 1e-4)
			for j := range u {
				u[j] = float32(rng.NormFloat64())
			}
			before, advantage := form.value(x, u)
			for j := range u {
				u[j] += shift
			}
			after, same := form.value(x, u)
			require.InDelta(rt, before, after, 1e-4)
			require.InDelta(rt, advantage, same, 1e-4)
		}
	})
}

// TestPeakIsTheBest: no log-weights are worth more than the peak, and it is
// centred by the shares.
func TestPeakIsTheBest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(rt, "servers")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		x, d, w := outputs(rng, n), make([]float32, n), make([]float32, n)
		peakOf(d, w, x)
		centre, norm := 0.0, 0.0
		for j := range d {
			centre += float64(w[j]) * float64(d[j])
			norm += math.Abs(float64(d[j]))
		}
		require.InDelta(rt, 0, centre, 1e-5*(1+norm))
		form := quadraticForm{servers: n}
		top, _ := form.value(x, d)
		for range 20 {
			u := make([]float32, n)
			for j := range u {
				u[j] = d[j] + float32(0.5*rng.NormFloat64())
			}
			other, _ := form.value(x, u)
			require.LessOrEqual(rt, other, top+1e-4)
		}
	})
}

// TestRounded: against all joint levels of three servers, the levels nearest
// to the peak lose little.
func TestRounded(t *testing.T) {
	t.Parallel()
	levels := []float64{-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1}
	form := quadraticForm{levels: levels, servers: 3}
	chooser := form.chooser()
	value := func(x []float32, k []float32) float64 {
		u := make([]float32, 3)
		for j := range u {
			u[j] = float32(levels[int(k[j])])
		}
		_, a := form.value(x, u)
		return a
	}
	gain, lost, choices := 0., 0., map[float32]bool{}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		x, k := outputs(rng, 3), make([]float32, 3)
		for j := range k { // peaks within the levels, most of them
			x[j*quadraticColumns+slopeColumn] *= 0.3
		}
		chooser.choose(k, x)
		best := math.Inf(-1)
		for c := range 729 {
			best = max(best, value(x, []float32{float32(c / 81), float32(c / 9 % 9), float32(c % 9)}))
		}
		gain += best
		lost += best - value(x, k)
		choices[k[0]] = true
	}
	require.Len(t, choices, 9)
	require.Less(t, lost, 0.05*gain)
}
