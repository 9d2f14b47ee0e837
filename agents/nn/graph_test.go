package nn_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
)

// regression is a ServerNet that is fitted to random targets.
type regression struct {
	arena   *nn.Arena
	program *nn.Program
	adam    *nn.Adam
}

func newRegression(t testing.TB, seed uint64, batch int) regression {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	arena := nn.NewArena()
	net, err := nn.NewServerNet(arena, "net", nn.ServerNetShape{
		Servers: 8, In: 11, Embedding: 4, Hidden: 16, Layers: 2, Out: 1}, rng)
	require.NoError(t, err)
	g := nn.NewGraph(arena)
	x, y := g.Input("x", 8*batch, 11), g.Input("y", 8*batch, 1)
	nn.Uniform(rng, 1)(x.Data())
	nn.Uniform(rng, 1)(y.Data())
	program, err := g.Compile(g.Apply(new(nn.MeanSquare), net.Apply(g, x), y))
	require.NoError(t, err)
	return regression{arena, program, nn.NewAdam(len(arena.Values()), nn.AdamConfig{MaxNorm: 10})}
}

func (r regression) step(t testing.TB) float32 {
	r.program.Run()
	_, err := r.adam.Step(r.arena.Values(), r.program.Gradient(), 3e-3)
	require.NoError(t, err)
	return r.program.Loss()
}

func TestTrainingLowersTheLoss(t *testing.T) {
	t.Parallel()
	r := newRegression(t, 1, 4)
	first := r.step(t)
	last := first
	for range 600 {
		last = r.step(t)
	}
	require.Less(t, last, first/3)
}

// TestTrainingIsDeterministic asks for the same bits on one and two
// processors, and of learners that build and run at once. It is not parallel:
// it sets GOMAXPROCS.
func TestTrainingIsDeterministic(t *testing.T) {
	train := func() []float32 {
		r := newRegression(t, 2, 16)
		for range 30 {
			r.step(t)
		}
		return slices.Clone(r.arena.Values())
	}
	procs := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(procs)
	want := train()
	runtime.GOMAXPROCS(2)
	got := make([][]float32, 4)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = train() })
	}
	wg.Wait()
	for _, g := range got {
		require.Equal(t, want, g)
	}
}

// TestRunsDoNotLeak watches the heap over thousands of runs.
func TestRunsDoNotLeak(t *testing.T) {
	r := newRegression(t, 3, 1)
	inUse := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for range 100 {
		r.step(t)
	}
	before := inUse()
	const runs = 4000
	for range runs {
		r.step(t)
	}
	after := inUse()
	runtime.KeepAlive(r)
	require.Less(t, float64(after)-float64(before), float64(16*runs), "bytes kept by %d runs", runs)
	require.Zero(t, testing.AllocsPerRun(20, r.program.Run))
}

func TestPlanAllocatesNothing(t *testing.T) {
	arena := nn.NewArena()
	net, err := nn.NewServerNet(arena, "net", nn.ServerNetShape{
		Servers: 8, In: 11, Embedding: 4, Hidden: 16, Layers: 2, Out: 2}, rand.New(rand.NewPCG(1, 1)))
	require.NoError(t, err)
	plan := nn.NewPlan(arena)
	out := plan.Apply(&nn.GaussianMode{Box: 1}, net.Apply(plan, plan.Input("x", 8, 11)))
	require.NoError(t, plan.Err())
	require.Zero(t, testing.AllocsPerRun(20, plan.Run))
	for _, u := range out.Data() {
		require.InDelta(t, 0, u, 0.1, "an untrained policy treats servers alike")
	}
}

func TestPlanReadsTheArenaItIsGiven(t *testing.T) {
	t.Parallel()
	arena := nn.NewArena()
	w := arena.Add("w", nn.Constant(2), 1, 1)
	build := func(values *nn.Arena) func() float32 {
		plan := nn.NewPlan(values)
		x := plan.Input("x", 1, 1)
		x.Data()[0] = 5
		out := plan.Apply(new(nn.Concat), x, plan.Param(w))
		require.NoError(t, plan.Err())
		return func() float32 { plan.Run(); return out.Data()[1] }
	}
	target := arena.Clone()
	online, delayed := build(arena), build(target)
	arena.Values()[0] = 3
	require.Equal(t, float32(3), online())
	require.Equal(t, float32(2), delayed())

	other := nn.NewPlan(nn.NewArena())
	other.Param(w)
	require.ErrorIs(t, other.Err(), nn.ErrParameter)
	require.Panics(t, other.Run)
}

func TestFrozenParametersGetNoGradient(t *testing.T) {
	t.Parallel()
	train, frozen := nn.NewArena(), nn.NewArena()
	a, b := train.Add("a", nn.Constant(2), 1, 1), frozen.Add("b", nn.Constant(3), 1, 1)
	g := nn.NewGraph(train)
	program, err := g.Compile(g.Apply(new(nn.MeanSquare), g.Param(a), g.Param(b)))
	require.NoError(t, err)
	program.Run()
	require.Equal(t, []float32{-2}, program.Gradient())
	frozen.Values()[0] = 7 // the next run reads the present value
	program.Run()
	require.Equal(t, float32(25), program.Loss())
}

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	arena := nn.NewArena()
	w, unused := arena.Add("w", nn.Constant(1), 1, 2), nn.NewArena()
	unused.Add("v", nn.Constant(1), 1, 2)
	for _, c := range []struct {
		name  string
		arena *nn.Arena
		loss  func(g *nn.Graph) *nn.Node
		want  error
	}{
		{"no arena", nil, func(g *nn.Graph) *nn.Node {
			return g.Apply(new(nn.MeanSquare), g.Param(w), g.Param(w))
		}, nn.ErrGraph},
		{"unused parameter", unused, func(g *nn.Graph) *nn.Node {
			return g.Apply(new(nn.MeanSquare), g.Param(w), g.Param(w))
		}, nn.ErrGraph},
		{"loss that no parameter reaches", arena, func(g *nn.Graph) *nn.Node {
			g.Param(w)
			return g.Apply(new(nn.MeanSquare), g.Input("x", 2), g.Input("y", 2))
		}, nn.ErrGraph},
		{"loss of another shape", arena, func(g *nn.Graph) *nn.Node { return g.Param(w) }, nn.ErrShape},
		{"shape fault", arena, func(g *nn.Graph) *nn.Node {
			return g.Apply(new(nn.MeanSquare), g.Param(w), g.Input("x", 3))
		}, nn.ErrShape},
		{"node of another graph", arena, func(g *nn.Graph) *nn.Node {
			return g.Apply(new(nn.MeanSquare), g.Param(w), nn.NewGraph(nil).Input("x", 1, 2))
		}, nn.ErrShape},
		{"empty input", arena, func(g *nn.Graph) *nn.Node { return g.Input("x", 0, 2) }, nn.ErrShape},
		{"empty graph", arena, func(*nn.Graph) *nn.Node { return nil }, nn.ErrGraph},
	} {
		g := nn.NewGraph(c.arena)
		_, err := g.Compile(c.loss(g))
		require.ErrorIs(t, err, c.want, c.name)
	}
	g := nn.NewGraph(arena)
	loss := g.Apply(new(nn.MeanSquare), g.Param(w), g.Input("x", 1, 2))
	_, err := g.Compile(loss)
	require.NoError(t, err)
	_, err = g.Compile(loss)
	require.ErrorIs(t, err, nn.ErrGraph, "compiled twice")
}

func BenchmarkTrainingStep(b *testing.B) {
	r := newRegression(b, 1, 128)
	b.ReportAllocs()
	for b.Loop() {
		r.step(b)
	}
}
