package simd

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// The blocks of a product. A panel of b, two vectors wide and depthBlock deep,
// stays in the first-level cache while the rows of a pass, and so does a block
// of a whose columns are read: deeper blocks fell out of it.
const (
	lanes      = 8 // float32 in a vector
	panel      = 2 * lanes
	tileRows   = 6
	rowBlock   = 20 * tileRows
	depthBlock = 64
	shallow    = 4 * depthBlock // of k, up to which c is done block by block

	// A block of b is copied together only where so many rows of a use it.
	packRows = 24

	// The first-level cache has sets of cacheWays lines; addresses setPeriod
	// apart share one.
	cacheLine = 64
	setPeriod = 4096
	cacheWays = 8
)

// Gemm sets c to alpha*op(a)*op(b) + beta*c, where op(a) is [m,k], op(b) [k,n]
// and c [m,n]; all are row-major with lda, ldb and ldc values from one row to
// the next. op(x) is x, or its transpose if transX. With beta 0 it does not
// read c. It panics if a slice is too short for its shape and stride.
func Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	checkMatrix(transA, m, k, a, lda)
	checkMatrix(transB, k, n, b, ldb)
	checkMatrix(false, m, n, c, ldc)
	switch {
	case m == 0 || n == 0:
	case k == 0 || alpha == 0:
		scale(m, n, beta, c, ldc)
	case useAVX2:
		gemmBlocked(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	default:
		gemmPortable(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	}
}

// checkMatrix panics unless x holds a matrix of rows by cols values, or its
// transpose, with stride values from one row to the next.
func checkMatrix(trans bool, rows, cols int, x []float32, stride int) {
	if rows < 0 || cols < 0 {
		panic("simd: matrix of negative size")
	}
	if trans {
		rows, cols = cols, rows
	}
	if stride < cols {
		panic("simd: matrix stride shorter than a row")
	}
	if rows > 0 && cols > 0 && len(x) < (rows-1)*stride+cols {
		panic("simd: matrix of a short slice")
	}
}

// scale sets c to beta*c.
func scale(m, n int, beta float32, c []float32, ldc int) {
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}

// gemmBlocked is Gemm by tiles in registers. op(a) and b are read where they lie, by
// their strides, unless b is transposed or columns would not stay in the cache.
func gemmBlocked(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	aRow, aCol := lda, 1
	if transA {
		aRow, aCol = 1, lda
	}
	pack := transB || m >= packRows && conflictsInCache(min(k, depthBlock), ldb)
	switch {
	case k > shallow:
		gemmDeep(aRow, aCol, pack, transB, m, n, k, alpha, a, b, ldb, beta, c, ldc)
	case pack:
		right := takePacked()
		right.Pack(transB, k, n, b, ldb)
		right.multiply(m, alpha, a, aRow, aCol, beta, c, ldc)
		right.release()
	default:
		for i := 0; i < m; i += rowBlock {
			rows, old := min(rowBlock, m-i), beta
			for l := 0; l < k; l += depthBlock {
				block(rows, n, min(depthBlock, k-l), alpha, a[i*aRow+l*aCol:], aRow, aCol, packedBlock{b[l*ldb:], ldb, panel}, old, c[i*ldc:], ldc)
				old = 1
			}
		}
	}
}

// gemmDeep is a product of large k and, as a rule, small c: the gradient of
// weights. It goes through all of c for some rows of b at a time.
func gemmDeep(aRow, aCol int, pack, transB bool, m, n, k int, alpha float32, a, b []float32, ldb int, beta float32, c []float32, ldc int) {
	right := takePacked()
	defer right.release()
	for l := 0; l < k; l += depthBlock {
		depth := min(depthBlock, k-l)
		from := l * ldb
		if transB {
			from = l
		}
		values := packedBlock{b[from:], ldb, panel}
		if pack {
			right.Pack(transB, depth, n, b[from:], ldb)
			values = packedBlock{right.values, panel, depth * panel}
		}
		for i := 0; i < m; i += rowBlock {
			block(min(rowBlock, m-i), n, depth, alpha, a[i*aRow+l*aCol:], aRow, aCol, values, beta, c[i*ldc:], ldc)
		}
		beta = 1
	}
}

// conflictsInCache says whether depth lines, stride values apart, take more than half
// of the sets of the first-level cache on which they fall.
func conflictsInCache(depth, stride int) bool {
	step := setPeriod // the greatest common divisor with the stride, for it is a power of two
	for 4*stride%step != 0 {
		step /= 2
	}
	sets := setPeriod / max(step, cacheLine)
	return depth > sets*cacheWays/2
}

// packedBlock is a block of b as the tiles read it: panels of 16 columns, of which
// each begins next values behind the one before; their rows are stride values apart.
type packedBlock struct {
	values []float32
	stride int
	next   int
}

// block multiplies a block of a by one of b. The rows are divided over tiles
// as evenly as can be: a tile of one row takes almost as long as one of six.
func block(m, n, k int, alpha float32, a []float32, aRow, aCol int, b packedBlock, beta float32, c []float32, ldc int) {
	tiles := (m + tileRows - 1) / tileRows
	rows, taller := m/tiles, m%tiles // so many tiles have one row more
	wide := 2
	if m <= 3 && b.next == panel { // few sums a tile: more vectors keep the units busy
		wide = [...]int{0, 8, 4, 4}[m]
	}
	for j := 0; j < n; {
		vectors, mask := wide, (*int32)(nil)
		left := n - j
		if left < wide*lanes {
			vectors = 2
		}
		if left < panel {
			vectors = (left + lanes - 1) / lanes
			mask = &masks[lanes-(left-(vectors-1)*lanes)]
		}
		bp := &b.values[j/panel*b.next]
		first := taller * (rows + 1)
		if taller > 0 {
			tile(rows+1, vectors, taller, k, &a[0], 4*aRow, 4*aCol, bp, 4*b.stride, &c[j], 4*ldc, alpha, beta, mask)
		}
		tile(rows, vectors, tiles-taller, k, &a[first*aRow], 4*aRow, 4*aCol, bp, 4*b.stride, &c[first*ldc+j], 4*ldc, alpha, beta, mask)
		j += vectors * lanes
	}
}

// masks[8-n:] selects the first n lanes of a vector.
var masks = [2 * lanes]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// sparePacked keeps packed matrices, for the next product that packs one; a sync.Pool
// would be emptied by the garbage collector.
var sparePacked = make(chan *PackedMatrix, 64)

func takePacked() *PackedMatrix {
	select {
	case r := <-sparePacked:
		return r
	default:
		return new(PackedMatrix)
	}
}

func (r *PackedMatrix) release() {
	r.source = nil
	select {
	case sparePacked <- r:
	default:
	}
}

// packStraight copies b [depth,cols] to dst, panel by panel: 16 columns of the first
// row, 16 of the second, and so on.
func packStraight(dst, b []float32, ldb, depth, cols int) {
	for j := 0; j < cols; j += panel {
		whole, tail := vectors(min(panel, cols-j))
		copyRows(depth, whole, tail, 0, &dst[j*depth], skip(panel, whole), &b[j], skip(ldb, whole))
	}
}

// packTransposed copies the transpose of b [cols,depth] to dst in the same way.
func packTransposed(dst, b []float32, ldb, depth, cols int) {
	for j := range cols {
		column := dst[j/panel*panel*depth+j%panel:]
		for l, v := range b[j*ldb : j*ldb+depth] {
			column[l*panel] = v
		}
	}
}

// gonumBlock is the block side of gonum's Gemm, and gonumSerial the number of
// blocks of c from which it starts goroutines.
const (
	gonumBlock  = 64
	gonumSerial = 4
)

// gemmPortable is Gemm by gonum, in panels of c too small for it to start goroutines.
func gemmPortable(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if beta == 0 {
		scale(m, n, 0, c, ldc) // gonum multiplies by beta: NaN would stay
		beta = 1
	}
	tA, tB := blas.NoTrans, blas.NoTrans
	if transA {
		tA = blas.Trans
	}
	if transB {
		tB = blas.Trans
	}
	const maxCols = (gonumSerial - 1) * gonumBlock
	for j := 0; j < n; j += maxCols {
		cols := min(maxCols, n-j)
		maxRows := (gonumSerial - 1) / ((cols + gonumBlock - 1) / gonumBlock) * gonumBlock
		bOff := j
		if transB {
			bOff = j * ldb
		}
		for i := 0; i < m; i += maxRows {
			aOff := i * lda
			if transA {
				aOff = i
			}
			gonum.Implementation{}.Sgemm(tA, tB, min(maxRows, m-i), cols, k,
				alpha, a[aOff:], lda, b[bOff:], ldb, beta, c[i*ldc+j:], ldc)
		}
	}
}
