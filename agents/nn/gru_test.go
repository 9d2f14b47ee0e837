package nn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

func TestGRUGradients(t *testing.T) {
	t.Parallel()
	for _, s := range []struct{ t, b, f, h int }{{1, 1, 1, 1}, {3, 2, 3, 5}, {4, 1, 2, 9}, {2, 5, 1, 8}} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			t.Parallel()
			of := nntest.Of
			nntest.Kernel(t, func() nn.Kernel { return &nn.GRU{Steps: s.t} },
				of(s.t*s.b, s.f), of(s.b, s.h), of(s.f, 3*s.h), of(s.h, 3*s.h), of(3*s.h), of(3*s.h))
		})
	}
}

// naiveGRU is one sequence by the equations, in float64.
func naiveGRU(x [][]float64, h []float64, w, u, b, c []float32) []float64 {
	n := len(h)
	var all []float64
	sum := func(in []float64, weights []float32, gate, j int) (s float64) {
		for i, v := range in {
			s += v * float64(weights[i*3*n+gate*n+j])
		}
		return s
	}
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	for _, in := range x {
		next := make([]float64, n)
		for j := range h {
			r := sigmoid(sum(in, w, 0, j) + float64(b[j]) + sum(h, u, 0, j) + float64(c[j]))
			z := sigmoid(sum(in, w, 1, j) + float64(b[n+j]) + sum(h, u, 1, j) + float64(c[n+j]))
			m := math.Tanh(sum(in, w, 2, j) + float64(b[2*n+j]) + r*(sum(h, u, 2, j)+float64(c[2*n+j])))
			next[j] = (1-z)*m + z*h[j]
		}
		h = next
		all = append(all, h...)
	}
	return all
}

func TestGRUAgreesWithItsEquations(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	const steps, batch, in, hidden = 7, 3, 5, 11
	draw := func(n int) []float32 {
		x := make([]float32, n)
		nn.Uniform(rng, 1)(x)
		return x
	}
	x, h := draw(steps*batch*in), draw(batch*hidden)
	w, u, b, c := draw(in*3*hidden), draw(hidden*3*hidden), draw(3*hidden), draw(3*hidden)
	got := forward(t, &nn.GRU{Steps: steps}, [][]int{{steps * batch, in}, {batch, hidden}, {in, 3 * hidden}, {hidden, 3 * hidden}, {3 * hidden}, {3 * hidden}},
		x, h, w, u, b, c)
	for s := range batch {
		var seq [][]float64
		for i := range steps {
			row := make([]float64, in)
			for j := range row {
				row[j] = float64(x[(i*batch+s)*in+j])
			}
			seq = append(seq, row)
		}
		h0 := make([]float64, hidden)
		for j := range h0 {
			h0[j] = float64(h[s*hidden+j])
		}
		want := naiveGRU(seq, h0, w, u, b, c)
		for i := range steps {
			for j := range hidden {
				require.InDelta(t, want[i*hidden+j], got[(i*batch+s)*hidden+j], 2e-6)
			}
		}
	}
}

func newRecurrentNet(t *testing.T, after int) (*nn.Arena, *nn.RecurrentNet) {
	t.Helper()
	arena := nn.NewArena()
	net, err := nn.NewRecurrentNet(arena, "net", nn.RecurrentNetShape{In: 5, Hidden: 7, LayersAfter: after, Out: 3}, rand.New(rand.NewPCG(3, 4)))
	require.NoError(t, err)
	return arena, net
}

func TestRecurrentNetGradients(t *testing.T) {
	t.Parallel()
	for _, s := range []struct{ steps, batch, after int }{{1, 1, 1}, {3, 2, 2}} {
		arena, net := newRecurrentNet(t, s.after)
		for _, p := range arena.Parameters("") { // most units active, few near their kinks
			if strings.HasSuffix(p.Name, ".bias") {
				nn.Constant(0.7)(p.Data)
			}
		}
		nntest.Loss(t, arena, func(b nn.Builder) *nn.Node {
			rng := rand.New(rand.NewPCG(6, 1))
			x, h, y := b.Input("x", s.steps*s.batch, 5), b.Input("h", s.batch, 7), b.Input("y", s.steps*s.batch, 3)
			for _, n := range []*nn.Node{x, h, y} {
				nn.Uniform(rng, 1)(n.Data())
			}
			out, _ := net.Apply(b, x, h)
			return b.Apply(new(nn.MeanSquare), out, y)
		})
	}
}

// An actor that carries its state from step to step sees what the learner sees
// in the whole sequence: the graph's numbers, within 1e-6 relative.
func TestRecurrentNetStepByStep(t *testing.T) {
	const steps = 20
	arena, net := newRecurrentNet(t, 2)
	graph := nn.NewGraph(arena)
	xs := graph.Input("x", steps, 5)
	nn.Uniform(rand.New(rand.NewPCG(1, 1)), 2)(xs.Data())
	outs, _ := net.Apply(graph, xs, graph.Input("h", 1, 7))
	program, err := graph.Compile(nil)
	require.NoError(t, err)
	program.Run()

	plan := nn.NewPlan(arena.Clone())
	x, h := plan.Input("x", 1, 5), plan.Input("h", 1, 7)
	out, state := net.Apply(plan, x, h)
	require.NoError(t, plan.Err())
	for i := range steps {
		copy(x.Data(), xs.Data()[5*i:])
		plan.Run()
		copy(h.Data(), state.Data())
		for j, v := range out.Data() {
			want := outs.Data()[3*i+j]
			require.LessOrEqual(t, math.Abs(float64(v-want)), 1e-6*math.Max(math.Abs(float64(want)), 1e-3), "step %d", i)
		}
	}
	require.Zero(t, testing.AllocsPerRun(10, plan.Run))
}

func TestRecurrentNetRefusesSizes(t *testing.T) {
	t.Parallel()
	for _, s := range []nn.RecurrentNetShape{{0, 1, 1, 1, false}, {1, 0, 1, 1, false}, {1, 1, 0, 1, false}, {1, 1, 1, 0, true}} {
		_, err := nn.NewRecurrentNet(nn.NewArena(), "net", s, rand.New(rand.NewPCG(1, 1)))
		require.ErrorIs(t, err, nn.ErrShape)
	}
	_, net := newRecurrentNet(t, 1)
	plan := nn.NewPlan(nn.NewArena())
	net.Apply(plan, plan.Input("x", 5, 5), plan.Input("h", 2, 7))
	require.Error(t, plan.Err(), "five rows are no whole number of steps of two")
}

// Any number of workers gives the same bits, gradients included.
func TestBitsDoNotDependOnWorkers(t *testing.T) {
	t.Parallel()
	const steps, batch = 9, 7
	var want []float32
	for _, count := range []int{0, 1, 2, 3, 5} {
		arena, net := newRecurrentNet(t, 2)
		graph := nn.NewGraph(arena)
		var workers *nn.Workers
		if count > 0 {
			workers = nn.NewWorkers(count)
		}
		graph.UseWorkers(workers)
		rng := rand.New(rand.NewPCG(6, 1))
		x, h, y := graph.Input("x", steps*batch, 5), graph.Input("h", batch, 7), graph.Input("y", steps*batch, 3)
		for _, n := range []*nn.Node{x, h, y} {
			nn.Uniform(rng, 1)(n.Data())
		}
		out, _ := net.Apply(graph, x, h)
		program, err := graph.Compile(graph.Apply(new(nn.MeanSquare), out, y))
		require.NoError(t, err)
		for range 3 {
			program.Run()
		}
		got := append([]float32{program.Loss()}, program.Gradient()...)
		if want == nil {
			want = got
		}
		require.Equal(t, want, got, "%d workers", count)
		workers.Close()
	}
}

func TestDetachRefusesNodesOfOthers(t *testing.T) {
	t.Parallel()
	for _, b := range []nn.Builder{nn.NewPlan(nn.NewArena()), nn.NewGraph(nil)} {
		b.Detach(nn.NewGraph(nil).Input("x", 1))
		require.ErrorIs(t, b.Err(), nn.ErrShape)
	}
}

// A detached node has the values of its own, and no gradient.
func TestDetach(t *testing.T) {
	t.Parallel()
	arena := nn.NewArena()
	w := arena.Add("w", func(dst []float32) { copy(dst, []float32{2, 3}) }, 1, 2)
	graph := nn.NewGraph(arena)
	x := graph.Param(w)
	double := graph.Apply(&nn.WeightedSum{Weights: []float32{2}}, x)
	loss := graph.Apply(new(nn.MeanSquare), x, graph.Detach(double))
	program, err := graph.Compile(loss)
	require.NoError(t, err)
	program.Run()
	require.InDelta(t, 6.5, program.Loss(), 1e-6)                        // ((2-4)^2 + (3-6)^2) / 2
	require.InDeltaSlice(t, []float32{-2, -3}, program.Gradient(), 1e-6) // x - 2x alone
}
