package nn

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// MatOp says which operand of a matrix product is transposed.
type MatOp int

// The products that networks need: forward, gradient of the input, gradient
// of the weights.
const (
	NN MatOp = iota // a [m,k], b [k,n]
	NT              // a [m,k], b [n,k] transposed
	TN              // a [k,m] transposed, b [k,n]
)

// gonumBlock is the block side of gonum's Gemm, and gonumSerial the number of
// blocks of c from which it starts goroutines.
const (
	gonumBlock  = 64
	gonumSerial = 4
)

// MatMul sets c [m,n] to a*b + beta*c; beta is 0 or 1. All matrices are dense
// and row-major. Every matrix product of the package goes through it. It runs
// on the calling goroutine, and its result does not depend on GOMAXPROCS.
func MatMul(op MatOp, m, n, k int, a, b []float32, beta float32, c []float32) {
	if len(a) < m*k || len(b) < k*n || len(c) < m*n {
		panic("nn: matrix product of short slices")
	}
	if beta == 0 {
		clear(c[:m*n]) // gonum multiplies by beta: NaN would stay
	}
	// A product with a vector has two forms over the same memory; these run
	// along rows where the others would call gonum's inner loops on one value.
	switch {
	case op == NN && n == 1:
		op = NT
	case op == NT && k == 1:
		op = NN
	case op == TN && n == 1:
		m, n, a, b = 1, m, b, a
	}
	tA, tB, lda, ldb := blas.NoTrans, blas.NoTrans, k, n
	switch op {
	case NT:
		tB, ldb = blas.Trans, k
	case TN:
		tA, lda = blas.Trans, m
	}
	// Panels of c too small for gonum to start goroutines on.
	const maxCols = (gonumSerial - 1) * gonumBlock
	for j := 0; j < n; j += maxCols {
		cols := min(maxCols, n-j)
		maxRows := (gonumSerial - 1) / ((cols + gonumBlock - 1) / gonumBlock) * gonumBlock
		bOff := j
		if op == NT {
			bOff = j * k
		}
		for i := 0; i < m; i += maxRows {
			aOff := i * k
			if op == TN {
				aOff = i
			}
			gonum.Implementation{}.Sgemm(tA, tB, min(maxRows, m-i), cols, k,
				1, a[aOff:], lda, b[bOff:], ldb, 1, c[i*n+j:], n)
		}
	}
}
