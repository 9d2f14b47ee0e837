package nn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

func normal(rng *rand.Rand) float32 { return float32(rng.NormFloat64()) }

// TestKernelGradients checks every kernel by central differences (step and
// tolerance in nntest), on odd shapes and on those of size one.
func TestKernelGradients(t *testing.T) {
	t.Parallel()
	of := nntest.Of
	type check struct {
		name   string
		kernel func() nn.Kernel
		inputs []nntest.Input
	}
	var checks []check
	add := func(name string, kernel func() nn.Kernel, inputs ...nntest.Input) {
		checks = append(checks, check{name, kernel, inputs})
	}
	for _, s := range []struct{ b, n, f, h int }{{1, 1, 1, 1}, {1, 3, 2, 5}, {2, 1, 3, 4}, {5, 3, 7, 4}} {
		r := s.b * s.n
		for name, act := range map[string]nn.Activation{"identity": nn.Identity, "relu": nn.ReLU, "tanh": nn.Tanh} {
			add("dense "+name, func() nn.Kernel { return &nn.Dense{Act: act} }, of(r, s.f), of(s.f, s.h), of(s.h))
			add("equivariant "+name, func() nn.Kernel { return &nn.Equivariant{Servers: s.n, Act: act} },
				of(r, s.f), of(s.f, s.h), of(s.f, s.h), of(s.h))
		}
		noise := nntest.Input{Shape: []int{r, 1}, Constant: true, Draw: normal}
		add("embed", func() nn.Kernel { return new(nn.Embed) }, of(r, s.f), of(s.n, s.h))
		add("concat", func() nn.Kernel { return new(nn.Concat) }, of(r, s.f), of(r, s.h))
		add("rows", func() nn.Kernel { return &nn.Rows{From: r / 2, To: r} }, of(r, s.f))
		add("centre", func() nn.Kernel { return &nn.Centre{Servers: s.n} }, of(r, s.f))
		add("gaussian", func() nn.Kernel { return &nn.SquashedGaussian{Box: 1.5, Sigma: 0.4} }, of(r, 2), noise)
		add("gaussian mode", func() nn.Kernel { return &nn.GaussianMode{Box: 0.7} }, of(r, 2))
		add("log-softmax", func() nn.Kernel { return new(nn.LogSoftmax) }, of(r, s.h))
		add("expectation", func() nn.Kernel { return new(nn.Expectation) }, of(r, s.h), of(r, s.h))
		add("entropy", func() nn.Kernel { return new(nn.Entropy) }, of(r, s.h))
		add("mean square", func() nn.Kernel { return new(nn.MeanSquare) }, of(r, s.h), of(r, s.h))
		add("weighted sum", func() nn.Kernel { return &nn.WeightedSum{Weights: []float32{2, -.5, 1}} },
			of(r, s.h), of(r, s.h), of(r, s.h))
	}
	for _, c := range checks {
		t.Run(fmt.Sprintf("%s %v", c.name, c.inputs[0].Shape), func(t *testing.T) {
			t.Parallel()
			nntest.Kernel(t, c.kernel, c.inputs...)
		})
	}
}

// A node that feeds two others gets the sum of their gradients.
func TestGradientsOfSharedNodesAdd(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{1, 6} {
		rng := rand.New(rand.NewPCG(1, 1))
		arena := nn.NewArena()
		w := arena.Add("w", nn.Uniform(rng, 1), rows, 1)
		nntest.Loss(t, arena, func(b nn.Builder) *nn.Node {
			x := b.Param(w)
			h := b.Apply(&nn.WeightedSum{Weights: []float32{3}}, x)
			mode := b.Apply(&nn.Centre{Servers: rows}, h)
			pair := b.Apply(new(nn.Concat), h, mode)
			squashed := b.Apply(&nn.GaussianMode{Box: 1}, pair)
			return b.Apply(&nn.WeightedSum{Weights: []float32{1, 1}},
				b.Apply(new(nn.MeanSquare), h, squashed), b.Apply(new(nn.MeanSquare), mode, x))
		})
	}
}

func TestServerNetGradients(t *testing.T) {
	t.Parallel()
	for _, s := range []struct{ b, n int }{{1, 1}, {3, 4}} {
		rng := rand.New(rand.NewPCG(5, 1))
		arena := nn.NewArena()
		net, err := nn.NewServerNet(arena, "net", nn.ServerNetShape{
			Servers: s.n, In: 3, Embedding: 2, Hidden: 5, Layers: 2, Out: 2}, rng)
		require.NoError(t, err)
		for i := range arena.Values() { // away from the near-zero outputs
			arena.Values()[i] += float32(0.3 * rng.NormFloat64())
		}
		nntest.Loss(t, arena, func(b nn.Builder) *nn.Node {
			rng := rand.New(rand.NewPCG(6, 1))
			x, y := b.Input("x", s.b*s.n, 3), b.Input("y", s.b*s.n, 2)
			nn.Uniform(rng, 1)(x.Data())
			nn.Uniform(rng, 1)(y.Data())
			return b.Apply(new(nn.MeanSquare), net.Apply(b, x), y)
		})
	}
}

// forward runs one kernel on literal inputs.
func forward(t *testing.T, k nn.Kernel, shapes [][]int, in ...[]float32) []float32 {
	t.Helper()
	plan := nn.NewPlan(nn.NewArena())
	nodes := make([]*nn.Node, len(in))
	for i, v := range in {
		nodes[i] = plan.Input("x", shapes[i]...)
		copy(nodes[i].Data(), v)
	}
	out := plan.Apply(k, nodes...)
	require.NoError(t, plan.Err())
	plan.Run()
	return out.Data()
}

func TestKernelValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		kernel nn.Kernel
		shapes [][]int
		in     [][]float32
		want   []float32
	}{
		{"dense", &nn.Dense{Act: nn.ReLU}, [][]int{{2, 2}, {2, 1}, {1}},
			[][]float32{{1, 2, -3, 1}, {2, 1}, {.5}}, []float32{4.5, 0}},
		{"equivariant", &nn.Equivariant{Servers: 2}, [][]int{{4, 1}, {1, 1}, {1, 1}, {1}},
			[][]float32{{1, 3, 10, 20}, {2}, {10}, {1}}, []float32{23, 27, 171, 191}},
		{"embed", new(nn.Embed), [][]int{{4, 1}, {2, 2}},
			[][]float32{{1, 2, 3, 4}, {5, 6, 7, 8}}, []float32{1, 5, 6, 2, 7, 8, 3, 5, 6, 4, 7, 8}},
		{"centre", &nn.Centre{Servers: 2}, [][]int{{4, 1}}, [][]float32{{1, 3, 0, 10}}, []float32{-1, 1, -5, 5}},
		{"log-softmax", new(nn.LogSoftmax), [][]int{{1, 2}}, [][]float32{{1000, 1000}},
			[]float32{float32(-math.Ln2), float32(-math.Ln2)}},
		{"entropy", new(nn.Entropy), [][]int{{1, 4}}, [][]float32{{-1.3862944, -1.3862944, -1.3862944, -1.3862944}},
			[]float32{1.3862944}},
		{"expectation", new(nn.Expectation), [][]int{{1, 2}, {1, 2}},
			[][]float32{{float32(math.Log(.25)), float32(math.Log(.75))}, {4, 8}}, []float32{7}},
		{"mean square", new(nn.MeanSquare), [][]int{{2}, {2}}, [][]float32{{1, 2}, {3, -2}}, []float32{10}},
	} {
		require.InDeltaSlice(t, c.want, forward(t, c.kernel, c.shapes, c.in...), 1e-5, c.name)
	}
}

// The density of the squashed Gaussian integrates to one, and its log
// probability is that of the change of variables (Haarnoja et al. 2018, eq. 21).
func TestSquashedGaussianDensity(t *testing.T) {
	t.Parallel()
	const n = 4001
	h, noise := make([]float32, 2*n), make([]float32, n)
	for i := range n {
		h[2*i], h[2*i+1] = 0.3, -0.5
		noise[i] = float32(-8 + 16*float64(i)/(n-1))
	}
	out := forward(t, &nn.SquashedGaussian{Box: 2, Sigma: 0.4}, [][]int{{n, 2}, {n, 1}}, h, noise)
	u, logp := out[:n], out[n:]
	var mass float64
	for i := 1; i < n; i++ {
		mass += (math.Exp(float64(logp[i])) + math.Exp(float64(logp[i-1]))) / 2 * float64(u[i]-u[i-1])
	}
	require.InDelta(t, 1, mass, 1e-3)
	// The entropy is the mean of -log p under the same density at mean 0.
	centred := make([]float32, 2*n)
	out0 := forward(t, &nn.SquashedGaussian{Box: 2, Sigma: 0.4}, [][]int{{n, 2}, {n, 1}}, centred, noise)
	var entropy, total float64
	for i, e := range noise {
		p := math.Exp(-float64(e) * float64(e) / 2)
		entropy -= p * float64(out0[n+i])
		total += p
	}
	require.InDelta(t, entropy/total, nn.SquashedGaussianEntropy(2, 0.4), 1e-4)
	mode := forward(t, &nn.GaussianMode{Box: 2}, [][]int{{1, 2}}, []float32{0.3, -0.5})
	require.InDelta(t, u[n/2], mode[0], 1e-6, "no noise is the mode")
	// Far out, where tanh is 1 to the last bit, everything stays finite.
	far := forward(t, &nn.SquashedGaussian{Box: 1, Sigma: 0.4}, [][]int{{2, 2}, {2, 1}},
		[]float32{60, 50, -60, -50}, []float32{5, -5})
	for _, v := range far {
		require.False(t, math.IsNaN(float64(v)) || math.IsInf(float64(v), 0), "%v", far)
	}
}

func TestShapeErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		kernel nn.Kernel
		shapes [][]int
	}{
		{"dense weights", new(nn.Dense), [][]int{{2, 3}, {4, 1}, {1}}},
		{"dense bias", new(nn.Dense), [][]int{{2, 3}, {3, 1}, {2}}},
		{"dense inputs", new(nn.Dense), [][]int{{2, 3}}},
		{"dense dimensions", new(nn.Dense), [][]int{{2}, {3, 1}, {1}}},
		{"equivariant servers", &nn.Equivariant{Servers: 2}, [][]int{{3, 1}, {1, 1}, {1, 1}, {1}}},
		{"equivariant context", &nn.Equivariant{Servers: 1}, [][]int{{3, 1}, {1, 1}, {2, 1}, {1}}},
		{"embed", new(nn.Embed), [][]int{{3, 1}, {2, 1}}},
		{"concat", new(nn.Concat), [][]int{{3, 1}, {2, 1}}},
		{"rows", &nn.Rows{From: 1, To: 4}, [][]int{{3, 1}}},
		{"centre", &nn.Centre{}, [][]int{{3, 1}}},
		{"gaussian", &nn.SquashedGaussian{Box: 1, Sigma: 1}, [][]int{{3, 1}, {3, 1}}},
		{"mode", &nn.GaussianMode{Box: 1}, [][]int{{3, 3}}},
		{"expectation", new(nn.Expectation), [][]int{{3, 2}, {3, 1}}},
		{"mean square", new(nn.MeanSquare), [][]int{{3, 2}, {2, 3}}},
		{"weighted sum", &nn.WeightedSum{Weights: []float32{1, 2}}, [][]int{{1}}},
		{"empty input", new(nn.LogSoftmax), [][]int{{0, 2}}},
	} {
		for _, b := range []nn.Builder{nn.NewPlan(nn.NewArena()), nn.NewGraph(nil)} {
			var in []*nn.Node
			for _, s := range c.shapes {
				in = append(in, b.Input("x", s...))
			}
			b.Apply(c.kernel, in...)
			require.ErrorIs(t, b.Err(), nn.ErrShape, c.name)
		}
	}
}
