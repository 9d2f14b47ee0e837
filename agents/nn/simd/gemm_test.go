package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// product is one call of Gemm.
type product struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	padA, padB     int // stride beyond the row
	padC           int
	seed           uint64
}

func (p product) String() string {
	return fmt.Sprintf("%dx%dx%d transA %v transB %v alpha %g beta %g padding %d %d %d seed %d",
		p.m, p.n, p.k, p.transA, p.transB, p.alpha, p.beta, p.padA, p.padB, p.padC, p.seed)
}

// sides returns the stored rows and columns of a matrix.
func sides(trans bool, rows, cols int) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}

// guarded returns a matrix of random values whose padding, and guard values
// before and behind it, are NaN.
const guard = 64

func guarded(rng *rand.Rand, rows, cols, stride int) (whole, matrix []float32) {
	size := (rows-1)*stride + cols
	whole = make([]float32, size+2*guard)
	for i := range whole {
		whole[i] = float32(math.NaN())
	}
	matrix = whole[guard : guard+size]
	for r := range rows {
		for c := range cols {
			matrix[r*stride+c] = float32(2*rng.Float64() - 1)
		}
	}
	return whole, matrix
}

// check compares Gemm with gonum's product, and holds it to its own memory.
func (p product) check(t require.TestingT) {
	rng := rand.New(rand.NewPCG(p.seed, 0))
	ar, ac := sides(p.transA, p.m, p.k)
	br, bc := sides(p.transB, p.k, p.n)
	lda, ldb, ldc := ac+p.padA, bc+p.padB, p.n+p.padC
	_, a := guarded(rng, ar, ac, lda)
	_, b := guarded(rng, br, bc, ldb)
	whole, c := guarded(rng, p.m, p.n, ldc)
	want := append([]float32(nil), whole...)
	tA, tB := blas.NoTrans, blas.NoTrans
	if p.transA {
		tA = blas.Trans
	}
	if p.transB {
		tB = blas.Trans
	}
	gonum.Implementation{}.Sgemm(tA, tB, p.m, p.n, p.k, p.alpha, a, lda, b, ldb, p.beta, want[guard:], ldc)
	if p.beta == 0 {
		for i := range p.m {
			c[i*ldc] = float32(math.NaN()) // what was there must not matter
		}
	}
	Gemm(p.transA, p.transB, p.m, p.n, p.k, p.alpha, a, lda, b, ldb, p.beta, c, ldc)
	for i, w := range want {
		inside := i >= guard && i < guard+len(c) && (i-guard)%ldc < p.n
		switch {
		case !inside:
			require.Equal(t, math.Float32bits(w), math.Float32bits(whole[i]), "%v: wrote outside of c, at %d", p, i-guard)
		case math.Abs(float64(w-whole[i])) > 1e-6*float64(p.k+1)*math.Max(1, math.Abs(float64(p.alpha))), whole[i] != whole[i]:
			require.Failf(t, "wrong value", "%v: at %d: %g, want %g", p, i-guard, whole[i], w)
		}
	}
}

// both runs a test on the assembly, where there is some, and on the portable path.
func both(t *testing.T, run func(t *testing.T)) {
	if hasAVX2 {
		t.Run("AVX2", run)
	}
	t.Run("portable", func(t *testing.T) {
		was := useAVX2
		useAVX2 = false
		defer func() { useAVX2 = was }()
		run(t)
	})
}

func TestGemmAgreesWithGonum(t *testing.T) {
	both(t, func(t *testing.T) {
		// Every shape of tile, with and without a masked edge.
		for m := 1; m <= 13; m++ {
			for n := 1; n <= 35; n++ {
				for trans := range 4 {
					product{trans&1 > 0, trans&2 > 0, m, n, 1 + (m+n)%9, 1, float32(n % 2), 0, 1, 2, uint64(n)}.check(t)
				}
			}
		}
		for trans := range 4 { // blocks in each direction
			a, b := trans&1 > 0, trans&2 > 0
			product{a, b, 301, 5, 3, 1, 1, 0, 0, 0, 1}.check(t)
			product{a, b, 130, 530, 2, 1, 0, 0, 0, 0, 2}.check(t)
			product{a, b, 7, 70, 520, -0.5, 2, 3, 2, 1, 3}.check(t)
			product{a, b, 1, 515, 600, 1, 0, 0, 0, 0, 4}.check(t)
			product{a, b, 50, 40, 300, 1, 0, 0, 128 - 40, 0, 5}.check(t) // rows that crowd the cache
		}
		rapid.Check(t, func(t *rapid.T) {
			size := rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(1, 140))
			factor := rapid.SampledFrom([]float32{1, 1, 0, -1, 0.3})
			product{
				rapid.Bool().Draw(t, "transA"), rapid.Bool().Draw(t, "transB"),
				size.Draw(t, "m"), size.Draw(t, "n"), size.Draw(t, "k"),
				factor.Draw(t, "alpha"), factor.Draw(t, "beta"),
				rapid.IntRange(0, 3).Draw(t, "padA"), rapid.IntRange(0, 3).Draw(t, "padB"), rapid.IntRange(0, 3).Draw(t, "padC"),
				rapid.Uint64().Draw(t, "seed"),
			}.check(t)
		})
	})
}

// Thousands of products more, of the shapes that learning meets.
func TestGemmThousands(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 3000 {
		size := func() int { return 1 + rng.IntN(1<<(1+rng.IntN(7))) }
		pick := func() float32 { return []float32{0, 1, 1, 1, -2}[rng.IntN(5)] }
		product{rng.IntN(2) > 0, rng.IntN(2) > 0, size(), size(), size(), pick(), pick(),
			rng.IntN(4), rng.IntN(4), rng.IntN(4), rng.Uint64()}.check(t)
	}
}

// However rows and columns are divided, the bits are the same: workers may
// take parts of one product.
func TestGemmBitsDoNotDependOnTheDivision(t *testing.T) {
	both(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		const m, n, k = 53, 45, 300
		for trans := range 4 {
			tA, tB := trans&1 > 0, trans&2 > 0
			_, ac := sides(tA, m, k)
			_, bc := sides(tB, k, n)
			_, a := guarded(rng, m*k/ac, ac, ac)
			_, b := guarded(rng, n*k/bc, bc, bc)
			whole, parts := make([]float32, m*n), make([]float32, m*n)
			Gemm(tA, tB, m, n, k, 1, a, ac, b, bc, 0, whole, n)
			for i := 0; i < m; {
				rows := min(1+rng.IntN(9), m-i)
				ai := a[i*k:]
				if tA {
					ai = a[i:]
				}
				for j := 0; j < n; {
					cols := min(1+rng.IntN(20), n-j)
					bj := b[j:]
					if tB {
						bj = b[j*k:]
					}
					Gemm(tA, tB, rows, cols, k, 1, ai, ac, bj, bc, 0, parts[i*n+j:], n)
					j += cols
				}
				i += rows
			}
			require.Equal(t, whole, parts, "transA %v transB %v", tA, tB)
		}
	})
}

// A matrix laid out for many products gives the same bits.
func TestRightGivesTheSameBits(t *testing.T) {
	both(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 2))
		var r PackedMatrix
		for range 300 {
			m, n, k := 1+rng.IntN(40), 1+rng.IntN(300), 1+rng.IntN(150)
			tA, tB := rng.IntN(2) > 0, rng.IntN(2) > 0
			ar, ac := sides(tA, m, k)
			br, bc := sides(tB, k, n)
			_, a := guarded(rng, ar, ac, ac+1)
			_, b := guarded(rng, br, bc, bc+2)
			_, want := guarded(rng, m, n, n)
			got, beta := append([]float32(nil), want...), float32(rng.IntN(2))
			Gemm(tA, tB, m, n, k, 1, a, ac+1, b, bc+2, beta, want, n)
			r.Pack(tB, k, n, b, bc+2)
			r.Multiply(tA, m, a, ac+1, beta, got, n)
			require.Equal(t, want, got, "%dx%dx%d", m, n, k)
		}
		require.Panics(t, func() { r.Pack(false, 3, 3, make([]float32, 8), 3) })
		r.Pack(false, 3, 3, make([]float32, 9), 3)
		require.Panics(t, func() { r.Multiply(false, 2, make([]float32, 5), 3, 0, make([]float32, 6), 3) })
		require.Panics(t, func() { r.Multiply(false, 2, make([]float32, 6), 3, 0, make([]float32, 5), 3) })
	})
}

func TestGemmEdges(t *testing.T) {
	both(t, func(t *testing.T) {
		c := []float32{1, 2}
		Gemm(false, false, 1, 2, 0, 1, nil, 0, nil, 2, 3, c, 2)
		require.Equal(t, []float32{3, 6}, c, "an empty sum leaves beta*c")
		Gemm(false, false, 0, 2, 5, 1, nil, 5, make([]float32, 10), 2, 0, c, 2)
		require.Equal(t, []float32{3, 6}, c, "no rows")
		nan := []float32{float32(math.NaN())}
		Gemm(false, false, 1, 1, 1, 0, nan, 1, nan, 1, 0, c, 1)
		require.Equal(t, []float32{0, 6}, c, "alpha 0 reads neither a nor b")
		short := func(a, b, c int) func() {
			return func() {
				Gemm(false, false, 2, 3, 4, 1, make([]float32, a), 4, make([]float32, b), 3, 0, make([]float32, c), 3)
			}
		}
		require.NotPanics(t, short(8, 12, 6))
		require.Panics(t, short(7, 12, 6))
		require.Panics(t, short(8, 11, 6))
		require.Panics(t, short(8, 12, 5))
		require.Panics(t, func() { Gemm(false, false, 1, 3, 1, 1, c, 1, make([]float32, 3), 2, 0, make([]float32, 3), 3) })
	})
}

func TestGemmAllocatesNothing(t *testing.T) {
	both(t, func(t *testing.T) {
		a, b, c := make([]float32, 64*64), make([]float32, 64*64), make([]float32, 64*64)
		for trans := range 4 {
			require.Zero(t, testing.AllocsPerRun(20, func() {
				Gemm(trans&1 > 0, trans&2 > 0, 64, 64, 64, 1, a, 64, b, 64, 0, c, 64)
			}))
		}
	})
}

// Products that run at once share no scratch memory.
func TestGemmInManyGoroutines(t *testing.T) {
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		wg.Go(func() {
			for i := range 20 {
				product{i&1 > 0, true, 30, 40, 50, 1, 1, 0, 0, 0, seed}.check(t)
			}
		})
	}
	wg.Wait()
}

// TestPlainStartsNoGoroutines holds gonum to the serial path, on which the
// independence of GOMAXPROCS rests.
func TestPlainStartsNoGoroutines(t *testing.T) {
	const m, n, k = 1024, 256, 32
	a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
	before := runtime.NumGoroutine()
	peak := before
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			gemmPortable(false, false, m, n, k, 1, a, k, b, n, 0, c, n)
		}
	}()
	for {
		select {
		case <-done:
			require.LessOrEqual(t, peak, before+1)
			return
		default:
			peak = max(peak, runtime.NumGoroutine())
			runtime.Gosched()
		}
	}
}

func TestSgemmIsGonumsInterface(t *testing.T) {
	both(t, func(t *testing.T) {
		c := make([]float32, 1)
		BLAS{}.Sgemm(blas.NoTrans, blas.ConjTrans, 1, 1, 2, 2, []float32{1, 2}, 2, []float32{3, 4}, 2, 0, c, 1)
		require.Equal(t, []float32{22}, c)
		require.Panics(t, func() { BLAS{}.Sgemm('x', blas.NoTrans, 1, 1, 1, 1, c, 1, c, 1, 0, c, 1) })
	})
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range []struct {
		name           string
		transA, transB bool
		m, n, k        int
	}{
		{"3000x64x64", false, false, 3000, 64, 64},
		{"512x128x128", false, false, 512, 128, 128},
		{"64x64x3000-transposed", true, false, 64, 64, 3000},
		{"3000x64x64-transposed", false, true, 3000, 64, 64},
		{"64x192x3000-transposed", true, false, 64, 192, 3000},
		{"128x384x2880-transposed", true, false, 128, 384, 2880},
		{"2880x128x128", false, false, 2880, 128, 128},
		{"12x384x128", false, false, 12, 384, 128},
		{"25x64x192", false, false, 25, 64, 192},
		{"25x192x64", false, false, 25, 192, 64},
		{"1x192x64", false, false, 1, 192, 64},
		{"1024x16x17", false, false, 1024, 16, 17},
		{"1024x2x16", false, false, 1024, 2, 16},
		{"16x2x1024", true, false, 16, 2, 1024},
	} {
		b.Run(s.name, func(b *testing.B) {
			_, ac := sides(s.transA, s.m, s.k)
			_, bc := sides(s.transB, s.k, s.n)
			rng := rand.New(rand.NewPCG(1, 2))
			_, x := guarded(rng, 1, s.m*s.k, s.m*s.k)
			_, y := guarded(rng, 1, s.k*s.n, s.k*s.n)
			z := make([]float32, s.m*s.n)
			for b.Loop() {
				Gemm(s.transA, s.transB, s.m, s.n, s.k, 1, x, ac, y, bc, 0, z, s.n)
			}
			b.ReportMetric(2*float64(s.m)*float64(s.n)*float64(s.k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
