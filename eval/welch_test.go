package eval

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

// TestWelch: the test agrees with the pooled one where both samples are alike, in which
// case it has all their degrees of freedom; a sample that hardly varies leaves the
// degrees of freedom of the other.
func TestWelch(t *testing.T) {
	t.Parallel()
	// As R's manual prints it of t.test(extra ~ group, data = sleep): t = -1.8608, df = 17.776, p-value = 0.07939.
	one := []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}
	two := []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
	sample := func(x []float64) Sample {
		mean, sd := stat.MeanStdDev(x, nil)
		return Sample{mean, sd, len(x)}
	}
	got, degrees := Welch(sample(one), sample(two))
	require.InDelta(t, -1.8608, got, 5e-5)
	require.InDelta(t, 17.776, degrees, 5e-4)
	require.False(t, Differ(sample(one), sample(two)))

	got, degrees = Welch(Sample{1, 2, 10}, Sample{3, 2, 10})
	require.InDelta(t, -2/math.Sqrt(0.8), got, 1e-12)
	require.InDelta(t, 18, degrees, 1e-12)
	_, degrees = Welch(Sample{1, 2, 10}, Sample{3, 1e-9, 10})
	require.InDelta(t, 9, degrees, 1e-6)

	// qt(0.975, 18) = 2.100922: a difference of so many standard errors is significant, and no less.
	error := math.Sqrt(0.8)
	require.True(t, Differ(Sample{2.10093 * error, 2, 10}, Sample{0, 2, 10}))
	require.False(t, Differ(Sample{2.10091 * error, 2, 10}, Sample{0, 2, 10}))
}

// TestWelchWithoutVariance: printed deviations can be 0.000.
func TestWelchWithoutVariance(t *testing.T) {
	t.Parallel()
	got, _ := Welch(Sample{1, 0, 10}, Sample{2, 0, 10})
	require.True(t, math.IsInf(got, -1))
	require.True(t, Differ(Sample{1, 0, 10}, Sample{2, 0, 10}))
	require.False(t, Differ(Sample{2, 0, 10}, Sample{2, 0, 10}))
}
