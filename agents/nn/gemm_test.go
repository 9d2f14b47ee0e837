package nn_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/agents/nn"
)

// naive is the product by its definition, in float64.
func naive(op nn.MatOp, m, n, k int, a, b []float32, beta float32, c []float32) []float64 {
	out := make([]float64, m*n)
	for i := range m {
		for j := range n {
			sum := 0.0
			if beta != 0 {
				sum = float64(beta) * float64(c[i*n+j])
			}
			for l := range k {
				x, y := a[(i*k+l)%len(a)], b[(l*n+j)%len(b)]
				if op == nn.TN {
					x = a[l*m+i]
				}
				if op == nn.NT {
					y = b[j*k+l]
				}
				sum += float64(x) * float64(y)
			}
			out[i*n+j] = sum
		}
	}
	return out
}

func TestMatMulAgreesWithDefinition(t *testing.T) {
	t.Parallel()
	check := func(t require.TestingT, op nn.MatOp, m, n, k int, beta float32, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		for _, s := range [][]float32{a, b, c} {
			nn.Uniform(rng, 1)(s)
		}
		if beta == 0 {
			c[0] = float32(math.NaN()) // what was there must not matter
		}
		want := naive(op, m, n, k, a, b, beta, c)
		nn.MatMul(op, m, n, k, a, b, beta, c)
		for i := range c {
			require.InDelta(t, want[i], c[i], 1e-4, "op %d %dx%dx%d", op, m, n, k)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, nn.MatOp(rapid.IntRange(0, 2).Draw(t, "op")),
			rapid.IntRange(1, 70).Draw(t, "m"), rapid.IntRange(1, 70).Draw(t, "n"), rapid.IntRange(1, 70).Draw(t, "k"),
			float32(rapid.IntRange(0, 1).Draw(t, "beta")), rapid.Uint64().Draw(t, "seed"))
	})
	for _, op := range []nn.MatOp{nn.NN, nn.NT, nn.TN} { // panels in both directions
		check(t, op, 300, 5, 3, 1, 1)
		check(t, op, 130, 200, 2, 0, 2)
		check(t, op, 130, 1, 7, 1, 4) // vectors
		check(t, op, 130, 7, 1, 1, 5)
		check(t, op, 1, 130, 7, 1, 6)
		check(t, op, 3, 400, 70, 1, 3)
	}
	require.Panics(t, func() { nn.MatMul(nn.NN, 2, 2, 2, make([]float32, 3), make([]float32, 4), 0, make([]float32, 4)) })
}

// TestMatMulStartsNoGoroutines holds gonum to the serial path, on which the
// independence of GOMAXPROCS rests. It is not parallel: it counts goroutines.
func TestMatMulStartsNoGoroutines(t *testing.T) {
	const m, n, k = 1024, 256, 32
	a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
	before := runtime.NumGoroutine()
	peak := before
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			nn.MatMul(nn.NN, m, n, k, a, b, 0, c)
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
