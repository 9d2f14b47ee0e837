package ppo

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// TestGAEByHand: three steps, gamma 1/2 and lambda 1/2, of two streams, the
// second of which is nothing but values.
func TestGAEByHand(t *testing.T) {
	t.Parallel()
	r := []float32{1, 0, 2, 0, 3, 0}
	v := []float32{4, 8, 2, 8, 6, 8, 10, 8}
	for _, test := range []struct {
		name       string
		terminated bool
		adv, ret   []float32
	}{
		// delta = 1+1-4, 2+3-2, 3+5-6; adv_2 = 2, adv_1 = 3 + 2/4, adv_0 = -2 + 3.5/4
		{"truncated", false, []float32{-1.125, -5.25, 3.5, -5, 2, -4}, []float32{2.875, 2.75, 5.5, 3, 8, 4}},
		// the last delta is 3-6: adv_1 = 3 - 3/4, adv_0 = -2 + 2.25/4
		{"terminated", true, []float32{-1.4375, -5.5, 2.25, -6, -3, -8}, []float32{2.5625, 2.5, 4.25, 2, 3, 0}},
	} {
		adv, ret := make([]float32, 6), make([]float32, 6)
		gae(adv, ret, r, v, 2, test.terminated, 0.5, 0.5)
		require.Equal(t, test.adv, adv, test.name)
		require.Equal(t, test.ret, ret, test.name)
	}
}

// TestGAEAgainstSums: the recursion is the sum over n-step advantages, and with
// lambda 1 the return is the discounted sum of rewards.
func TestGAEAgainstSums(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps, n := rapid.IntRange(1, 12).Draw(t, "steps"), rapid.IntRange(1, 4).Draw(t, "streams")
		draw := rapid.Float32Range(-2, 2)
		r := rapid.SliceOfN(draw, steps*n, steps*n).Draw(t, "r")
		v := rapid.SliceOfN(draw, (steps+1)*n, (steps+1)*n).Draw(t, "v")
		terminated := rapid.Bool().Draw(t, "terminated")
		gamma, lambda := rapid.Float64Range(0, 0.99).Draw(t, "gamma"), rapid.Float64Range(0, 1).Draw(t, "lambda")
		value := func(s, j int) float64 {
			if s == steps && terminated {
				return 0
			}
			return float64(v[s*n+j])
		}
		adv, ret := make([]float32, steps*n), make([]float32, steps*n)
		gae(adv, ret, r, v, n, terminated, gamma, lambda)
		for s := range steps {
			for j := range n {
				sum := 0.0
				for k := s; k < steps; k++ {
					delta := float64(r[k*n+j]) + gamma*value(k+1, j) - value(k, j)
					sum += math.Pow(gamma*lambda, float64(k-s)) * delta
				}
				require.InDelta(t, sum, adv[s*n+j], 1e-4)
				require.InDelta(t, sum+value(s, j), ret[s*n+j], 1e-4)
			}
		}
		gae(adv, ret, r, v, n, terminated, gamma, 1)
		for j := range n {
			sum := math.Pow(gamma, float64(steps)) * value(steps, j)
			for k := range steps {
				sum += math.Pow(gamma, float64(k)) * float64(r[k*n+j])
			}
			require.InDelta(t, sum, ret[j], 1e-4)
		}
	})
}
