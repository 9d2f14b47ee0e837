package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// ulps is the distance of got from the true value, in units of its last place.
func ulps(got float32, want float64) float64 {
	if float64(got) == want || math.IsNaN(want) && got != got {
		return 0
	}
	w := float32(want)
	if math.IsInf(float64(w), 0) || math.IsInf(float64(got), 0) {
		if w == got {
			return 0
		}
		return math.Inf(1)
	}
	next := math.Nextafter32(float32(math.Abs(float64(w))), float32(math.Inf(1)))
	return math.Abs(float64(got)-want) / (float64(next) - math.Abs(float64(w)))
}

func TestFunctionsAreAccurate(t *testing.T) {
	sweep := func(low, high float64) []float32 {
		const n = 200_003
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(low + (high-low)*float64(i)/(n-1))
		}
		for e := -126.; e < 5; e += 0.37 { // small numbers of both signs
			if v := math.Exp2(e); v > low && -v > low {
				x = append(x, float32(v), float32(-v))
			}
		}
		return x
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, f := range []struct {
		name    string
		apply   func(dst, x []float32)
		exact   func(float64) float64
		x       []float32
		special []float32
		ulps    float64
	}{
		{"exp", Exp, math.Exp, sweep(-110, 90), []float32{0, inf, -inf, nan, -1e30, 1e30}, 2},
		{"log", Log, math.Log, append(sweep(1e-3, 4), sweep(1, 1e9)...), []float32{1, 0x1p-126, math.MaxFloat32}, 2},
		{"tanh", Tanh, math.Tanh, sweep(-12, 12), []float32{0, inf, -inf, nan, 1e30, -1e30}, 3},
		{"sigmoid", Sigmoid, sigmoid, sweep(-80, 110), []float32{0, inf, -inf, nan, 1e30}, 3},
	} {
		both(t, func(t *testing.T) {
			x := append(append([]float32(nil), f.x...), f.special...)
			got := make([]float32, len(x))
			f.apply(got, x)
			worst, argument := 0.0, float32(0)
			for i, v := range x {
				d := ulps(got[i], f.exact(float64(v)))
				if math.IsNaN(d) || d > worst {
					worst, argument = d, v
				}
			}
			require.LessOrEqual(t, worst, f.ulps, "%s(%g)", f.name, argument)
			t.Logf("%s: worst error %.2f units in the last place, at %g", f.name, worst, argument)
		})
	}
}

func TestTanhKeepsTheSignOfZero(t *testing.T) {
	both(t, func(t *testing.T) {
		x := []float32{float32(math.Copysign(0, -1))}
		Tanh(x, x)
		require.True(t, math.Signbit(float64(x[0])))
	})
}

// twins runs f on the assembly and on the portable path over equal random
// arrays of the given sizes, between NaN guards, and compares all of them.
func twins(t *testing.T, f func(arrays [][]float32), sizes ...int) {
	t.Helper()
	draw := func() (whole, arrays [][]float32) {
		rng := rand.New(rand.NewPCG(uint64(len(sizes)), uint64(sizes[0])))
		for _, n := range sizes {
			w, a := guarded(rng, 1, n, n)
			whole, arrays = append(whole, w), append(arrays, a)
		}
		return whole, arrays
	}
	gotWhole, got := draw()
	f(got)
	was := useAVX2
	useAVX2 = false
	defer func() { useAVX2 = was }()
	_, want := draw()
	f(want)
	for i := range got {
		require.InDeltaSlice(t, want[i], got[i], 2e-6, "array %d of sizes %v", i, sizes)
		for j := range guard {
			require.True(t, gotWhole[i][j] != gotWhole[i][j], "wrote before array %d", i)
			require.True(t, gotWhole[i][guard+sizes[i]+j] != gotWhole[i][guard+sizes[i]+j], "wrote behind array %d", i)
		}
	}
}

func TestAssemblyAgreesWithItsTwin(t *testing.T) {
	for n := 1; n <= 35; n++ {
		for name, f := range map[string]func(a [][]float32){
			"exp":           func(a [][]float32) { Exp(a[0], a[1]) },
			"tanh":          func(a [][]float32) { Tanh(a[0], a[1]) },
			"sigmoid":       func(a [][]float32) { Sigmoid(a[0], a[1]) },
			"log":           func(a [][]float32) { Exp(a[1], a[1]); Log(a[0], a[1]) },
			"tanh gradient": func(a [][]float32) { TanhGradient(a[0], a[1], a[2]) },
			"relu gradient": func(a [][]float32) {
				a[1][0] = 0
				ReLUGradient(a[0], a[1], a[2])
			},
			"move": func(a [][]float32) { Move(a[0], a[1], 0.3) },
			"adam": func(a [][]float32) {
				for i, v := range a[3] {
					a[3][i] = v * v
				}
				Adam{0.5, 0.9, 0.999, 0.1, 1e-3, 0.99}.Step(a[0], a[1], a[2], a[3])
			},
		} {
			t.Run(name, func(t *testing.T) { twins(t, f, n, n, n, n) })
		}
		for _, rows := range []int{1, 2, 7} {
			twins(t, func(a [][]float32) { AddRow(a[0], a[1]) }, rows*n, n)
			twins(t, func(a [][]float32) { AddRowReLU(a[0], a[1]) }, rows*n, n)
			twins(t, func(a [][]float32) { SumRows(a[1], a[0]) }, rows*n, n)
			twins(t, func(a [][]float32) { GRU(n, a[0], a[1], a[2], a[3], a[4], a[5]) },
				4*rows*n, rows*n, 3*rows*n, 3*rows*n, 4*n, rows*n)
			twins(t, func(a [][]float32) { GRUGradient(n, a[0], a[1], a[2], a[3], a[4]) },
				3*rows*n, 3*rows*n, rows*n, 4*rows*n, rows*n)
		}
	}
	for _, rows := range []int{255, 1000} { // more rows than a block of a product
		twins(t, func(a [][]float32) { SumRows(a[1], a[0]); Tanh(a[1], a[1]) }, rows*70, 70)
	}
}

// A step of the GRU by its equations, by hand: with zero sums r and z are a
// half, so the new state is half the old one and half tanh(x_n + p/2).
func TestGRUStep(t *testing.T) {
	both(t, func(t *testing.T) {
		gates, state := make([]float32, 4), make([]float32, 1)
		GRU(1, gates, state, []float32{0, 0, 0.2}, []float32{0, 0, 0.3}, []float32{0, 0, 0.1, 0.5}, []float32{2})
		n := math.Tanh(0.2 + 0.1 + 0.5*0.8)
		require.InDeltaSlice(t, []float32{0.5, 0.5, float32(n), 0.8}, gates, 1e-6)
		require.InDelta(t, 0.5*2+0.5*n, state[0], 1e-6)
	})
}

func TestSlicesOfDifferentLengthsPanic(t *testing.T) {
	both(t, func(t *testing.T) {
		a, b := make([]float32, 3), make([]float32, 2)
		for _, f := range []func(){
			func() { Exp(a, b) }, func() { AddRow(a, b) }, func() { AddRowReLU(a, nil) }, func() { SumRows(b, a) },
			func() { Move(a, b, 1) }, func() { ReLUGradient(a, a, b) }, func() { TanhGradient(a, b, a) },
			func() { Adam{}.Step(a, a, b, a) }, func() { GRU(3, a, a, a, a, a, a) }, func() { GRUGradient(2, a, a, b, a, b) },
		} {
			require.Panics(t, f)
		}
	})
}

func BenchmarkFunctions(b *testing.B) {
	const n = 24_000
	rng := rand.New(rand.NewPCG(1, 1))
	_, x := guarded(rng, 1, n, n)
	y, z, w := make([]float32, n), make([]float32, n), make([]float32, n)
	for _, f := range []struct {
		name  string
		apply func()
	}{
		{"exp", func() { Exp(y, x) }},
		{"log", func() { Exp(z, x); Log(y, z) }},
		{"tanh", func() { Tanh(y, x) }},
		{"sigmoid", func() { Sigmoid(y, x) }},
		{"add-row", func() { AddRowReLU(y, x[:64]) }},
		{"sum-rows", func() { SumRows(z[:64], x) }},
		{"adam", func() { Adam{1, .9, .999, 1e-3, 1e-8, 1}.Step(y, x, z, w) }},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				f.apply()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/value")
		})
	}
}
