package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

func TestGatherGradients(t *testing.T) {
	t.Parallel()
	for _, s := range []struct{ r, k int }{{1, 1}, {1, 5}, {7, 1}, {7, 3}} {
		index := nntest.Input{Shape: []int{s.r, 1}, Constant: true, Draw: nntest.Level(s.k)}
		nntest.Kernel(t, func() nn.Kernel { return new(nn.Gather) }, nntest.Of(s.r, s.k), index)
	}
}

func TestGatherValues(t *testing.T) {
	t.Parallel()
	shapes := [][]int{{3, 2}, {3, 1}}
	x, index := []float32{1, 2, 3, 4, 5, 6}, []float32{1, 0, 1}
	require.Equal(t, []float32{2, 3, 6}, forward(t, new(nn.Gather), shapes, x, index))
	din := backward(t, new(nn.Gather), shapes, []float32{7, 8, 9}, x, index)
	require.Equal(t, []float32{0, 7, 8, 0, 0, 9}, din[0])
	require.Equal(t, make([]float32, 3), din[1], "the index has no gradient")
}

func TestGatherRefuses(t *testing.T) {
	t.Parallel()
	requireRefusals(t, nn.ErrShape,
		refusal{"rows", new(nn.Gather), [][]int{{3, 2}, {2, 1}}},
		refusal{"columns", new(nn.Gather), [][]int{{3, 2}, {3, 2}}},
		refusal{"dimensions", new(nn.Gather), [][]int{{3, 2}, {3}}},
		refusal{"inputs", new(nn.Gather), [][]int{{3, 2}}})
	for _, index := range []float32{-1, 2, 0.5, float32(math.NaN()), float32(math.Inf(1))} {
		require.PanicsWithValue(t, "nn: gather: an index is no column", func() {
			forward(t, new(nn.Gather), [][]int{{1, 2}, {1, 1}}, []float32{1, 2}, []float32{index})
		}, index)
	}
}
