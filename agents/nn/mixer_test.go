package nn_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

func TestRowProductGradients(t *testing.T) {
	t.Parallel()
	for _, s := range []struct{ r, a, e int }{{1, 1, 1}, {1, 3, 1}, {4, 1, 3}, {5, 3, 7}} {
		for _, abs := range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v %v", s, abs), func(t *testing.T) {
				nntest.Kernel(t, func() nn.Kernel { return &nn.RowProduct{Abs: abs} }, nntest.Of(s.r, s.a), nntest.Of(s.r, s.a*s.e))
			})
		}
	}
}

func TestRowProductValues(t *testing.T) {
	t.Parallel()
	shapes := [][]int{{2, 2}, {2, 6}}
	x := []float32{1, 2, -3, 4}
	w := []float32{1, -2, 3, 0, 5, -6, -1, 1, 0, 2, -2, 0.5} // matrices of two rows of three
	require.Equal(t, []float32{1, 8, -9, 11, -11, 2}, forward(t, new(nn.RowProduct), shapes, x, w))
	require.Equal(t, []float32{1, 12, 15, 5, 5, 2}, forward(t, &nn.RowProduct{Abs: true}, shapes, x, w))
	dout := []float32{1, 10, 100, 1, 10, 100}
	din := backward(t, new(nn.RowProduct), shapes, dout, x, w)
	require.Equal(t, []float32{281, -550, 9, 32}, din[0])
	require.Equal(t, []float32{1, 10, 100, 2, 20, 200, -3, -30, -300, 4, 40, 400}, din[1])
	din = backward(t, &nn.RowProduct{Abs: true}, shapes, dout, x, w)
	require.Equal(t, []float32{321, 650, 11, 72}, din[0])
	require.Equal(t, []float32{1, -10, 100, 0, 20, -200, 3, -30, 0, 4, -40, 400}, din[1], "0 where w is 0")
}

// With absolute values the output falls in no x (Rashid et al. 2018, section 4).
func TestRowProductIsMonotonic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a, e := rapid.IntRange(1, 5).Draw(rt, "a"), rapid.IntRange(1, 5).Draw(rt, "e")
		values := func(n int, name string) []float32 {
			return rapid.SliceOfN(rapid.Float32Range(-2, 2), n, n).Draw(rt, name)
		}
		shapes := [][]int{{1, a}, {1, a * e}}
		x, w := values(a, "x"), values(a*e, "w")
		before := append([]float32(nil), forward(t, &nn.RowProduct{Abs: true}, shapes, x, w)...)
		x[rapid.IntRange(0, a-1).Draw(rt, "which")] += rapid.Float32Range(0, 2).Draw(rt, "rise")
		for i, v := range forward(t, &nn.RowProduct{Abs: true}, shapes, x, w) {
			require.GreaterOrEqual(rt, v, before[i])
		}
	})
}

func TestRowProductRefuses(t *testing.T) {
	t.Parallel()
	requireRefusals(t, nn.ErrShape,
		refusal{"rows", new(nn.RowProduct), [][]int{{2, 3}, {3, 6}}},
		refusal{"columns", new(nn.RowProduct), [][]int{{2, 3}, {2, 7}}},
		refusal{"fewer columns", new(nn.RowProduct), [][]int{{2, 3}, {2, 2}}},
		refusal{"dimensions", new(nn.RowProduct), [][]int{{2, 3}, {2, 3, 2}}},
		refusal{"inputs", new(nn.RowProduct), [][]int{{2, 3}}})
}

func TestShapeKernels(t *testing.T) {
	t.Parallel()
	for _, s := range [][2]int{{1, 1}, {3, 4}} {
		nntest.Kernel(t, func() nn.Kernel { return &nn.Reshape{To: []int{s[1], s[0]}} }, nntest.Of(s[0], s[1]))
		nntest.Kernel(t, func() nn.Kernel { return new(nn.SumColumns) }, nntest.Of(s[0], s[1]))
	}
	require.Equal(t, []float32{6, 15}, forward(t, new(nn.SumColumns), [][]int{{2, 3}}, []float32{1, 2, 3, 4, 5, 6}))
	plan := nn.NewPlan(nn.NewArena())
	plan.Apply(&nn.Reshape{To: []int{2, 2}}, plan.Input("x", 3))
	require.ErrorIs(t, plan.Err(), nn.ErrShape)
}
