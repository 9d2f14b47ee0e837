package qmix

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// lambdaReturn is the naive twin of tdLambda: the mean of the n-step returns
// from step t on, with weights (1-lambda) lambda^(n-1), of which the longest
// takes the rest.
func lambdaReturn(r, v, bootstrap []float32, gamma, lambda float64) float64 {
	total, weight := 0.0, 1.0
	for n := 1; n <= len(r); n++ {
		g, factor := 0.0, 1.0
		for k := range n {
			g += factor * float64(r[k])
			factor *= gamma * float64(bootstrap[k])
		}
		g += factor * float64(v[n-1])
		if n == len(r) {
			return total + weight*g
		}
		total += weight * (1 - lambda) * g
		weight *= lambda
	}
	return total
}

func TestTDLambdaIsTheMeanOfReturns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		steps, windows := rapid.IntRange(1, 6).Draw(rt, "steps"), rapid.IntRange(1, 3).Draw(rt, "windows")
		gamma, lambda := rapid.Float64Range(0, 0.99).Draw(rt, "gamma"), rapid.Float64Range(0, 1).Draw(rt, "lambda")
		n := steps * windows
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		slice := func() []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(2*rng.Float64() - 1)
			}
			return x
		}
		y, r, v, bootstrap, mask := slice(), slice(), slice(), make([]float32, n), make([]float32, n)
		length := make([]int, windows)
		for w := range windows {
			length[w] = rapid.IntRange(1, steps).Draw(rt, "length")
			ends := rapid.Bool().Draw(rt, "terminated")
			for k := range length[w] {
				mask[w*steps+k], bootstrap[w*steps+k] = 1, 1
			}
			if ends {
				bootstrap[w*steps+length[w]-1] = 0
			}
		}
		tdLambda(y, r, v, bootstrap, mask, steps, gamma, lambda)
		both := func(x []float32) []float32 { // two streams, the second of twice as much
			out := make([]float32, 2*n)
			for i, e := range x {
				out[2*i], out[2*i+1] = e, 2*e
			}
			return out
		}
		two := make([]float32, 2*n)
		tdLambda(two, both(r), both(v), bootstrap, mask, steps, gamma, lambda)
		require.InDeltaSlice(rt, both(y), two, 1e-5)
		for i := range n {
			w, k := i/steps, i%steps
			if k >= length[w] {
				require.Zero(rt, y[i])
				continue
			}
			end := w*steps + length[w]
			require.InDelta(rt, lambdaReturn(r[i:end], v[i:end], bootstrap[i:end], gamma, lambda), y[i], 1e-5)
		}
	})
}
