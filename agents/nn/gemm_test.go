package nn_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"fairlb/agents/nn"
	"fairlb/agents/nn/simd"
)

// The products themselves are tested in simd; here, which operand is which.
func TestMatMulForms(t *testing.T) {
	t.Parallel()
	a, b := []float32{1, 2, 3, 4, 5, 6}, []float32{1, 0, -1, 2, 1, 3} // [2,3] and [3,2]
	aTransposed, bTransposed := []float32{1, 4, 2, 5, 3, 6}, []float32{1, -1, 1, 0, 2, 3}
	for _, c := range []struct {
		op   nn.MatOp
		a, b []float32
	}{{nn.NN, a, b}, {nn.NT, a, bTransposed}, {nn.TN, aTransposed, b}} {
		got := []float32{10, 20, 30, 40}
		nn.MatMul(c.op, 2, 2, 3, c.a, c.b, 1, got)
		require.Equal(t, []float32{12, 33, 35, 68}, got, c.op)
	}
}

func TestGorgoniaMultipliesByOurKernels(t *testing.T) {
	t.Parallel()
	require.IsType(t, simd.BLAS{}, gorgonia.WhichBLAS())
	require.IsType(t, simd.BLAS{}, tensor.WhichBLAS())
}
