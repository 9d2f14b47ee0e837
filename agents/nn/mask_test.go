package nn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

func TestMaskedKernelGradients(t *testing.T) {
	t.Parallel()
	of := nntest.Of
	all := func(*rand.Rand) float32 { return 1 }
	for _, s := range []struct{ b, n, f, h int }{{1, 1, 1, 1}, {3, 1, 2, 1}, {1, 3, 2, 5}, {5, 3, 4, 7}} {
		for name, draw := range map[string]func(*rand.Rand) float32{"all": all, "none": nntest.Level(1), "some": nntest.Level(2)} {
			t.Run(fmt.Sprintf("%+v %s", s, name), func(t *testing.T) {
				r := s.b * s.n
				mask := nntest.Input{Shape: []int{r, 1}, Constant: true, Draw: draw}
				nntest.Kernel(t, func() nn.Kernel { return new(nn.MaskRows) }, of(r, s.f), mask)
				nntest.Kernel(t, func() nn.Kernel { return &nn.Centre{Servers: s.n} }, of(r, s.f), mask)
				for _, act := range activations {
					nntest.Kernel(t, func() nn.Kernel { return &nn.Equivariant{Servers: s.n, Act: act} },
						of(r, s.f), of(s.f, s.h), of(s.f, s.h), of(s.h), mask)
				}
			})
		}
	}
}

func TestMaskedKernelValues(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	// Three states of two servers: one absent, none absent, both absent.
	x, mask := []float32{nan, 3, 10, 20, inf, nan}, []float32{0, 1, 1, 1, 0, 0}
	dout := []float32{nan, 2, 3, 4, inf, 6}
	for _, c := range []struct {
		name   string
		kernel nn.Kernel
		shapes [][]int
		in     [][]float32 // the mask is last
		want   []float32
		din    [][]float32
	}{
		{"mask rows", new(nn.MaskRows), [][]int{{6, 1}, {6, 1}}, [][]float32{x, mask},
			[]float32{0, 3, 10, 20, 0, 0}, [][]float32{{0, 2, 3, 4, 0, 0}}},
		{"centre", &nn.Centre{Servers: 2}, [][]int{{6, 1}, {6, 1}}, [][]float32{x, mask},
			[]float32{0, 0, -5, 5, 0, 0}, [][]float32{{0, 0, -.5, .5, 0, 0}}},
		// 2 x + 10 mean + 1; the sums of dout x are 116, of dout mean 111
		{"equivariant", &nn.Equivariant{Servers: 2}, [][]int{{6, 1}, {1, 1}, {1, 1}, {1}, {6, 1}},
			[][]float32{x, {2}, {10}, {1}, mask}, []float32{0, 37, 171, 191, 0, 0},
			[][]float32{{0, 24, 41, 43, 0, 0}, {116}, {111}, {9}}},
	} {
		require.Equal(t, c.want, forward(t, c.kernel, c.shapes, c.in...), c.name)
		din := backward(t, c.kernel, c.shapes, dout, c.in...)
		require.Equal(t, append(c.din, make([]float32, 6)), din, "%s: the mask has no gradient", c.name)
	}
}

func TestMasksRefuse(t *testing.T) {
	t.Parallel()
	layer := [][]int{{4, 3}, {3, 1}, {3, 1}, {1}}
	requireRefusals(t, nn.ErrShape,
		refusal{"mask rows", new(nn.MaskRows), [][]int{{4, 3}, {3, 1}}},
		refusal{"mask rows by values", new(nn.MaskRows), [][]int{{4, 3}, {4, 3}}},
		refusal{"mask rows without a mask", new(nn.MaskRows), [][]int{{4, 3}}},
		refusal{"centre", &nn.Centre{Servers: 2}, [][]int{{4, 3}, {2, 1}}},
		refusal{"centre inputs", &nn.Centre{Servers: 2}, [][]int{{4, 3}, {4, 1}, {4, 1}}},
		refusal{"equivariant", &nn.Equivariant{Servers: 2}, append(slices.Clone(layer), []int{2, 1})},
		refusal{"equivariant dimensions", &nn.Equivariant{Servers: 2}, append(slices.Clone(layer), []int{4})},
		refusal{"equivariant inputs", &nn.Equivariant{Servers: 2}, append(slices.Clone(layer), []int{4, 1}, []int{4, 1})})
}

const maskedIn, maskedOut = 3, 2

// maskedNet is a network over n servers whose outputs are not near zero.
func maskedNet(t *testing.T, n int) (*nn.Arena, *nn.ServerNet) {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 1))
	arena := nn.NewArena()
	net, err := nn.NewServerNet(arena, "net", nn.ServerNetShape{
		Servers: n, In: maskedIn, Embedding: 2, Hidden: 9, Layers: 2, Out: maskedOut}, rng)
	require.NoError(t, err)
	for i := range arena.Values() {
		arena.Values()[i] += float32(0.3 * rng.NormFloat64())
	}
	return arena, net
}

func TestMaskedServerNetGradients(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		n    int
		mask []float32
	}{{1, []float32{1, 0, 1, 1, 0}}, {4, []float32{1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1}}} {
		arena, net := maskedNet(t, s.n)
		rows := len(s.mask)
		loss := func(b nn.Builder, x *nn.Node) *nn.Node {
			mask, y := b.Input("mask", rows, 1), b.Input("y", rows, maskedOut)
			copy(mask.Data(), s.mask)
			nn.Uniform(rand.New(rand.NewPCG(6, 1)), 1)(y.Data())
			return b.Apply(new(nn.MeanSquare), net.ApplyMasked(b, x, mask), y)
		}
		uniform := nn.Uniform(rand.New(rand.NewPCG(8, 1)), 1)
		states := nn.NewArena()
		param := states.Add("x", uniform, rows, maskedIn)
		nntest.Loss(t, states, func(b nn.Builder) *nn.Node { return loss(b, b.Param(param)) })
		nntest.Loss(t, arena, func(b nn.Builder) *nn.Node {
			x := b.Input("x", rows, maskedIn)
			copy(x.Data(), states.Values())
			return loss(b, x)
		})
	}
}

// lossOf runs a masked network on x with the loss mean (out - 1)^2 over its
// rows, and returns its outputs and the gradient by its parameters.
func lossOf(t require.TestingT, arena *nn.Arena, net *nn.ServerNet, x, mask []float32) (out, gradient []float32) {
	g := nn.NewGraph(arena)
	in, m := g.Input("x", len(mask), maskedIn), g.Input("mask", len(mask), 1)
	copy(in.Data(), x)
	copy(m.Data(), mask)
	y := net.ApplyMasked(g, in, m)
	one := g.Input("y", len(mask), maskedOut)
	nn.Constant(1)(one.Data())
	program, err := g.Compile(g.Apply(new(nn.MeanSquare), y, one))
	require.NoError(t, err)
	program.Run()
	return y.Data(), program.Gradient()
}

// With some of five servers absent, a network gives those present what a
// network of them alone gives, with their embeddings, to 1e-6; absent ones get
// 0; and what their rows hold does not change a bit of outputs and gradients.
func TestMaskedServerNetIsTheNetOfThosePresent(t *testing.T) {
	t.Parallel()
	const servers = 5
	arena, net := maskedNet(t, servers)
	garbage := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e30, -3}
	rapid.Check(t, func(rt *rapid.T) {
		states := rapid.IntRange(1, 3).Draw(rt, "states")
		mask, x := make([]float32, states*servers), make([]float32, states*servers*maskedIn)
		nn.Uniform(rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0)), 1)(x)
		for i := range mask {
			mask[i] = float32(rapid.IntRange(0, 1).Draw(rt, "mask"))
		}
		out, gradient := lossOf(rt, arena, net, x, mask)
		for s := range states {
			from := s * servers
			var present []int
			for j := range servers {
				if mask[from+j] != 0 {
					present = append(present, j)
				} else {
					require.Equal(rt, make([]float32, maskedOut), out[(from+j)*maskedOut:][:maskedOut])
				}
			}
			if len(present) == 0 {
				continue
			}
			few, small := maskedNet(t, len(present))
			whole := arena.Parameters("")
			for i, p := range few.Parameters("") {
				copy(p.Data, whole[i].Data)
				if strings.HasSuffix(p.Name, ".embedding") {
					for k, j := range present {
						copy(p.Data[2*k:2*k+2], whole[i].Data[2*j:])
					}
				}
			}
			plan := nn.NewPlan(few)
			in := plan.Input("x", len(present), maskedIn)
			for k, j := range present {
				copy(in.Data()[k*maskedIn:(k+1)*maskedIn], x[(from+j)*maskedIn:])
			}
			alone := small.Apply(plan, in)
			require.NoError(rt, plan.Err())
			plan.Run()
			for k, j := range present {
				require.InDeltaSlice(rt, alone.Data()[k*maskedOut:(k+1)*maskedOut], out[(from+j)*maskedOut:(from+j+1)*maskedOut], 1e-6)
			}
		}
		out, gradient = slices.Clone(out), slices.Clone(gradient)
		for r, present := range mask {
			if present == 0 {
				for i := range maskedIn {
					x[r*maskedIn+i] = rapid.SampledFrom(garbage).Draw(rt, "garbage")
				}
			}
		}
		out2, gradient2 := lossOf(rt, arena, net, x, mask)
		require.Equal(rt, out, out2)
		require.Equal(rt, gradient, gradient2)
	})
}

// With all present, a mask changes nothing. Not parallel: it counts allocations.
func TestFullMaskIsNoMask(t *testing.T) {
	arena, net := maskedNet(t, 4)
	plan := nn.NewPlan(arena)
	x, mask := plan.Input("x", 8, maskedIn), plan.Input("mask", 8, 1)
	nn.Uniform(rand.New(rand.NewPCG(1, 1)), 1)(x.Data())
	nn.Constant(1)(mask.Data())
	masked, plain := net.ApplyMasked(plan, x, mask), net.Apply(plan, x)
	require.NoError(t, plan.Err())
	plan.Run()
	require.InDeltaSlice(t, plain.Data(), masked.Data(), 1e-6)
	require.Zero(t, testing.AllocsPerRun(10, plan.Run))
}
