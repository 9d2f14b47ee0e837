package simd

// PackedMatrix is the right-hand matrix of many products, laid out once, panel by
// panel, as the kernels read it.
type PackedMatrix struct {
	rows, cols int // k and n
	values     []float32

	// What Pack was given, for the portable path.
	trans  bool
	source []float32
	stride int
}

// Pack lays out op(b) [k,n], which is b, or its transpose if trans; b has ldb values
// from one row to the next. b must not change until the products have run. It panics
// if b is too short.
func (r *PackedMatrix) Pack(trans bool, k, n int, b []float32, ldb int) {
	checkMatrix(trans, k, n, b, ldb)
	r.rows, r.cols, r.trans, r.source, r.stride = k, n, trans, b, ldb
	if !useAVX2 {
		return
	}
	if size := k * (n + panel - 1) / panel * panel; len(r.values) < size {
		r.values = make([]float32, size)
	}
	for l := 0; l < k; l += depthBlock {
		depth := min(depthBlock, k-l)
		if trans {
			packTransposed(r.block(l), b[l:], ldb, depth, n)
		} else {
			packStraight(r.block(l), b[l*ldb:], ldb, depth, n)
		}
	}
}

// block returns the values from row l on.
func (r *PackedMatrix) block(l int) []float32 {
	return r.values[l*((r.cols+panel-1)/panel*panel):]
}

// Multiply sets c to op(a)*b + beta*c, where op(a) is [m,k] and b the matrix
// that r was set to: the same bits as Gemm's. It panics if a slice is too short.
func (r *PackedMatrix) Multiply(transA bool, m int, a []float32, lda int, beta float32, c []float32, ldc int) {
	if !useAVX2 {
		Gemm(transA, r.trans, m, r.cols, r.rows, 1, a, lda, r.source, r.stride, beta, c, ldc)
		return
	}
	checkMatrix(transA, m, r.rows, a, lda)
	checkMatrix(false, m, r.cols, c, ldc)
	if m == 0 || r.cols == 0 {
		return
	}
	if r.rows == 0 {
		scale(m, r.cols, beta, c, ldc)
		return
	}
	aRow, aCol := lda, 1
	if transA {
		aRow, aCol = 1, lda
	}
	r.multiply(m, 1, a, aRow, aCol, beta, c, ldc)
}

// multiply goes through all of b for some rows of a at a time, so that the rows of c
// that they give stay in the cache until they are complete.
func (r *PackedMatrix) multiply(m int, alpha float32, a []float32, aRow, aCol int, beta float32, c []float32, ldc int) {
	for i := 0; i < m; i += rowBlock {
		rows, old := min(rowBlock, m-i), beta
		for l := 0; l < r.rows; l += depthBlock {
			depth := min(depthBlock, r.rows-l)
			block(rows, r.cols, depth, alpha, a[i*aRow+l*aCol:], aRow, aCol, packedBlock{r.block(l), panel, depth * panel}, old, c[i*ldc:], ldc)
			old = 1
		}
	}
}
