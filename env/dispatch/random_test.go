package dispatch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// probabilities adds up what the alias table gives each server: every column
// is drawn with probability 1/n, and kept or passed on.
func probabilities(r *Random) []float64 {
	n := float64(len(r.keep))
	p := make([]float64, len(r.keep))
	for j, keep := range r.keep {
		p[j] += keep / n
		p[r.alias[j]] += (1 - keep) / n // a server has the column of its number: all are in
	}
	return p
}

func TestAliasTableIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(
			rapid.Float64Range(0.01, 10),
			rapid.Map(rapid.IntRange(1, 8), func(n int) float64 { return float64(n) }),
			rapid.Map(rapid.Float64Range(-12, 12), func(x float64) float64 { return math.Pow(10, x) }),
		), 1, 40).Draw(t, "weights")
		r, err := NewRandom(weights)
		require.NoError(t, err)
		total := 0.0
		for _, w := range weights {
			total += w
		}
		for j, p := range probabilities(r) {
			require.InDelta(t, weights[j]/total, p, 1e-13, "server %d of %v", j, weights)
		}
		for _, keep := range r.keep {
			require.True(t, keep >= -1e-13 && keep <= 1, "probability %g", keep)
		}
	})
}

// TestRandomDrawsFromItsTable counts draws against the table's probabilities
// by the chi-square statistic (99.9 % quantile of 3 degrees of freedom).
func TestRandomDrawsFromItsTable(t *testing.T) {
	t.Parallel()
	weights := []float64{1, 2, 3, 4}
	r, err := NewRandom(weights)
	require.NoError(t, err)
	v := &View{Rand: rand.New(rand.NewPCG(1, 2))}
	const draws = 100_000
	var counts [4]float64
	for range draws {
		counts[r.Pick(v)]++
	}
	chi := 0.0
	for j, got := range counts {
		want := draws * weights[j] / 10
		chi += (got - want) * (got - want) / want
	}
	require.Less(t, chi, 16.27)
}

func TestRandomStaysInRange(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 5, 7, 8, 1000} {
		r, err := NewRandom(uniform(n))
		require.NoError(t, err)
		for _, word := range []uint64{0, math.MaxUint64} { // the least and the largest Float64
			pick := r.Pick(&View{Rand: rand.New(constant(word))})
			require.True(t, pick >= 0 && pick < n, "%d of %d", pick, n)
		}
	}
}

// constant is a source of one word.
type constant uint64

func (c constant) Uint64() uint64 { return uint64(c) }
