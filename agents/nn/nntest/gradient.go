package nntest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
)

const (
	// Step is the step h of the differences (f(x+h) - f(x-h)) / 2h. It is
	// large because values are float32: their rounding, about 1e-7 / h,
	// stays two orders below Tolerance.
	Step = 1e-2
	// Tolerance bounds |gradient - difference| / (1 + |difference|).
	Tolerance = 3e-3
	// KinkShare is the largest part of coordinates that may be left out
	// because the loss has a kink (of ReLU, of a clip) within a step.
	KinkShare = 0.2
)

// Input is an input of a kernel under test.
type Input struct {
	Shape    []int
	Constant bool                         // has no gradient
	Draw     func(rng *rand.Rand) float32 // nil: uniform in [-1, 1)
}

// Of returns a random input of the given shape.
func Of(shape ...int) Input { return Input{Shape: shape} }

// Kernel checks a kernel on random inputs: its gradient through a graph
// against central differences of the loss mean (out - target)^2, and its
// output in a graph against that in a plan, bit for bit.
func Kernel(t *testing.T, kernel func() nn.Kernel, inputs ...Input) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	arena := nn.NewArena()
	params := make([]*nn.Param, len(inputs))
	fixed := make([][]float32, len(inputs))
	for i, in := range inputs {
		draw := in.Draw
		if draw == nil {
			draw = func(rng *rand.Rand) float32 { return float32(2*rng.Float64() - 1) }
		}
		fill := func(dst []float32) {
			for j := range dst {
				dst[j] = draw(rng)
			}
		}
		if in.Constant {
			size := 1
			for _, d := range in.Shape {
				size *= d
			}
			fixed[i] = make([]float32, size)
			fill(fixed[i])
			continue
		}
		params[i] = arena.Add(string(rune('a'+i)), fill, in.Shape...)
	}
	Loss(t, arena, func(b nn.Builder) *nn.Node {
		nodes := make([]*nn.Node, len(inputs))
		for i, in := range inputs {
			if in.Constant {
				nodes[i] = b.Input(string(rune('a'+i)), in.Shape...)
				copy(nodes[i].Data(), fixed[i])
			} else {
				nodes[i] = b.Param(params[i])
			}
		}
		out := b.Apply(kernel(), nodes...)
		require.NoError(t, b.Err())
		target := b.Input("target", out.Shape()...)
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range target.Data() {
			target.Data()[i] = float32(2*rng.Float64() - 1)
		}
		return b.Apply(new(nn.MeanSquare), out, target)
	})
}

// Loss checks the gradient of a loss by every parameter of arena, through the
// graph, against central differences; and, where the loss uses no other
// arena, its value in the graph against that in a plan, bit for bit. A second
// run must give the same gradient: kernels write it anew, over what was there.
// build is called once per builder and must fill the inputs that it makes.
func Loss(t *testing.T, arena *nn.Arena, build func(b nn.Builder) *nn.Node) {
	t.Helper()
	graph := nn.NewGraph(arena)
	program, err := graph.Compile(build(graph))
	require.NoError(t, err)
	program.Run()
	got := append([]float32(nil), program.Gradient()...)
	program.Run()
	require.Equal(t, got, program.Gradient(), "a second run gives another gradient")

	plan := nn.NewPlan(arena)
	if loss := build(plan); plan.Err() == nil {
		plan.Run()
		require.Equal(t, math.Float32bits(program.Loss()), math.Float32bits(loss.Data()[0]),
			"the loss in the graph, %g, is not that in the plan, %g", program.Loss(), loss.Data()[0])
	}

	values := arena.Values()
	difference := func(i int, h float32) float64 {
		x := values[i]
		values[i] = x + h
		program.Run()
		up := float64(program.Loss())
		width := float64(values[i])
		values[i] = x - h
		program.Run()
		down := float64(program.Loss())
		width -= float64(values[i])
		values[i] = x
		return (up - down) / width
	}
	kinks := 0
	for i := range values {
		full := difference(i, Step)
		bound := Tolerance * (1 + math.Abs(full))
		if math.Abs(float64(got[i])-full) <= bound {
			continue
		}
		// A kink makes differences depend on the step; a wrong gradient does not.
		if math.Abs(full-difference(i, Step/4)) > bound/2 {
			kinks++
			continue
		}
		t.Errorf("coordinate %d of %d: gradient %g, difference %g", i, len(values), got[i], full)
	}
	if float64(kinks) > KinkShare*float64(len(values)) {
		t.Errorf("%d of %d coordinates lie at kinks", kinks, len(values))
	}
}

// Level draws the index of one of k levels.
func Level(k int) func(rng *rand.Rand) float32 {
	return func(rng *rand.Rand) float32 { return float32(rng.IntN(k)) }
}
