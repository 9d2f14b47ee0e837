package visibility_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/visibility"
)

// TestRanks: equal numbers share the mean of their ranks.
func TestRanks(t *testing.T) {
	t.Parallel()
	require.Equal(t, []float64{4, 1, 2.5, 2.5, 5}, visibility.Ranks([]float64{3, -1, 2, 2, 8}))
	require.Equal(t, []float64{2, 2, 2}, visibility.Ranks([]float64{7, 7, 7}))
	require.Empty(t, visibility.Ranks(nil))
}

// TestSpearman: values by hand. Without ties it is 1 - 6 sum d^2 / (n (n^2 - 1)).
func TestSpearman(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		x, y []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4}, []float64{10, 100, 1000, 1e9}, 1},
		{[]float64{1, 2, 3, 4}, []float64{4, 3, 2, 1}, -1},
		{[]float64{1, 2, 3, 4, 5}, []float64{2, 1, 4, 3, 5}, 1 - 6*4.0/(5*24)},
		{[]float64{1, 2, 2, 3}, []float64{1, 3, 2, 4}, 4.5 / math.Sqrt(4.5*5)}, // ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4
		{[]float64{1, 1, 1}, []float64{1, 2, 3}, math.NaN()},
		{[]float64{1, 2, 3}, []float64{5, 5, 5}, math.NaN()},
		{[]float64{1}, []float64{1}, math.NaN()},
	} {
		got := visibility.Spearman(test.x, test.y)
		if math.IsNaN(test.want) {
			require.True(t, math.IsNaN(got), "%v", test)
			continue
		}
		require.InDelta(t, test.want, got, 1e-12, "%v", test)
	}
}

// TestSpearmanNaive: of random whole numbers, many of them equal, it is what the ranks
// that a count of the smaller and the equal ones gives come to.
func TestSpearmanNaive(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	ranks := func(x []float64) []float64 {
		out := make([]float64, len(x))
		for i, a := range x {
			for _, b := range x {
				switch {
				case b < a:
					out[i]++
				case b == a:
					out[i] += 0.5
				}
			}
		}
		return out
	}
	for range 50 {
		n := 3 + rng.IntN(40)
		x, y := make([]float64, n), make([]float64, n)
		for k := range x {
			x[k] = float64(rng.IntN(10))
			y[k] = x[k] + float64(rng.IntN(10))
		}
		a, b := ranks(x), ranks(y)
		var sa, sb, saa, sbb, sab float64
		for k := range a {
			sa, sb, saa, sbb, sab = sa+a[k], sb+b[k], saa+a[k]*a[k], sbb+b[k]*b[k], sab+a[k]*b[k]
		}
		m := float64(n)
		want := (sab/m - sa*sb/m/m) / math.Sqrt((saa/m-sa*sa/m/m)*(sbb/m-sb*sb/m/m))
		require.InDelta(t, want, visibility.Spearman(x, y), 1e-9)
	}
}

// TestCompare: errors and correlations of two servers at four moments by hand; a moment
// at which one is not known is left out.
func TestCompare(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	truth := [][]float64{{1, 2, 3, 4, 9}, {0, 0, 2, 2, 9}}
	believed := [][]float64{{1, 1, 2, 3, 9}, {0, 2, 0, 2, nan}}
	q := visibility.Compare(truth, believed)
	require.InDelta(t, math.Sqrt((0+1+1+1+0+4+4+0)/8.0), q.RMSE, 1e-12)
	require.InDelta(t, math.Sqrt(11/(4*1.25+4*1.0)), q.Relative, 1e-12)
	// Ranks 1 2 3 4 and 1.5 1.5 3 4; ranks 1.5 1.5 3.5 3.5 and 1.5 3.5 1.5 3.5.
	require.InDelta(t, (4.5/math.Sqrt(5*4.5)+0)/2, q.Spearman, 1e-12)
	require.InDelta(t, 0.5, q.Across, 1e-12, "of 1, -1, 1 and 1 at the four moments")

	none := visibility.Compare([][]float64{{1}}, [][]float64{{nan}})
	require.True(t, math.IsNaN(none.RMSE) && math.IsNaN(none.Relative) && math.IsNaN(none.Spearman) && math.IsNaN(none.Across))
}
