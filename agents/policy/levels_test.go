package policy

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNearestLevel(t *testing.T) {
	t.Parallel()
	l := Levels{-1, 0, 0.5, 2}
	for _, test := range []struct {
		u    float64
		want int
	}{{-9, 0}, {-0.6, 0}, {-0.4, 1}, {0.25, 1}, {0.26, 2}, {1.3, 3}, {99, 3}} {
		require.Equal(t, test.want, l.Nearest(test.u), "%g", test.u)
	}
	dst := make([]float32, 3)
	l.Encode(dst, []float32{0.4, -3, 0})
	require.Equal(t, []float32{2, 0, 1}, dst)
	require.Equal(t, []float32{0, 0.2, 0, 0}, l.Bias(0.2))
}

func TestArgmax(t *testing.T) {
	t.Parallel()
	inf := float32(math.Inf(-1))
	require.Equal(t, 1, Argmax([]float32{1, 2, 2, inf}), "the first of several")
	require.Equal(t, 0, Argmax([]float32{5, 5, 5}))
	require.Equal(t, 2, Argmax([]float32{inf, inf, -2}))
}

func TestSampleIndex(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	p := []float64{0.1, 0.6, 0.3}
	logp, counts := make([]float32, 3), make([]float64, 3)
	for k, v := range p {
		logp[k] = float32(math.Log(v))
	}
	for range 20000 {
		counts[SampleIndex(logp, rng)] += 1. / 20000
	}
	require.InDeltaSlice(t, p, counts, 0.02)
}
