package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIQM(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{ // scipy.stats.trim_mean(values, 0.25)
		{[]float64{8, 7, 6, 5, 4, 3, 2, 1}, 4.5},
		{[]float64{100, 1, 2, 3, 10}, 5},
		{[]float64{1, 2, 6}, 3},
		{[]float64{7}, 7},
		{nil, math.NaN()},
	} {
		require.InDelta(t, c.want, IQM(c.values), 1e-12, c.values)
	}
}

// TestBootstrapOfTwo: of two values the resamples' means are 0, 1/2 and 1 with
// probabilities 1/4, 1/2 and 1/4; of forty zeros and ones their sum is binomial.
func TestBootstrapOfTwo(t *testing.T) {
	t.Parallel()
	e := StratifiedIQM([]Stratum{{Replicates{{0}, {1}}, []float64{1}}})
	require.Equal(t, Estimate{0.5, 0, 1}, e)
	e = bootstrap([]int{40}, func(drawn [][]int) float64 {
		sum := 0
		for _, k := range drawn[0] {
			sum += k % 2
		}
		return float64(sum)
	})
	// Binomial(40, 1/2): quantiles 14 and 26 (scipy.stats.binom.ppf).
	require.Equal(t, Estimate{20, 14, 26}, e)
}

// TestStrataStayWhole: no resample takes more from one stratum than another.
func TestStrataStayWhole(t *testing.T) {
	t.Parallel()
	require.Equal(t, Estimate{5, 5, 5}, StratifiedIQM([]Stratum{{Replicates{{0}, {0}}, []float64{1}}, {Replicates{{10}, {10}}, []float64{1}}}))
	one := StratifiedIQM([]Stratum{{Replicates{{1}}, []float64{1}}, {Replicates{{3}}, []float64{1}}})
	require.InDelta(t, 2, one.Value, 1e-12)
	require.True(t, math.IsNaN(one.Lo) && math.IsNaN(one.Hi), "nothing varies")
}

// TestCoverage: the intervals of twenty normal values hold their IQM, 0, about
// as often as they say.
func TestCoverage(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 5))
	const trials = 200
	held := 0
	for range trials {
		x := make([]float64, 20)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		if e := clusterEstimate(singletons(x), IQM); e.Lo <= 0 && 0 <= e.Hi {
			held++
		}
	}
	require.InDelta(t, 0.93, float64(held)/trials, 0.04)
}

func TestImprovement(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 0.7, improvement([]float64{-1, -2, 0, 3, -0.1}), 1e-12)
	require.Nil(t, clusterEstimate(singletons([]float64{1}), improvement))
	require.Nil(t, clusterEstimate([][]float64{nil, nil}, improvement))
	// Runs are drawn as wholes: one that always wins and one that never does.
	require.Equal(t, &Estimate{0.5, 0, 1}, clusterEstimate([][]float64{{-1, -1, -1}, {1, 1, 1}}, improvement))
}
