package nn

import (
	"gorgonia.org/gorgonia"

	"fairlb/agents/nn/simd"
)

// Gorgonia and its tensors multiply by the same code as the kernels do. Both
// keep their BLAS in a package variable, so this is done once, at start.
func init() { gorgonia.Use(simd.BLAS{}) }

// MatOp says which operand of a matrix product is stored transposed.
type MatOp int

// The products that networks need: forward, gradient of the input, gradient
// of the weights.
const (
	NN MatOp = iota // a [m,k], b [k,n]
	NT              // a [m,k], b [n,k] transposed
	TN              // a [k,m] transposed, b [k,n]
)

// MatMul sets c [m,n] to a*b + beta*c. All matrices are dense and row-major.
// Every matrix product of the package goes through it. It runs on the calling
// goroutine, and its result does not depend on GOMAXPROCS.
func MatMul(op MatOp, m, n, k int, a, b []float32, beta float32, c []float32) {
	lda, ldb := k, n
	switch op {
	case NT:
		ldb = k
	case TN:
		lda = m
	}
	simd.Gemm(op == TN, op == NT, m, n, k, 1, a, lda, b, ldb, beta, c, n)
}
