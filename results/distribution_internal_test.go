package results

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"fairlb/eval/figure"
)

// evenly are completion times spread evenly over so many s.
func evenly(s float64) figure.Completions {
	c := figure.Completions{N: 10}
	for _, part := range figure.Quantiles() {
		c.Values = append(c.Values, s*part)
	}
	return c
}

// TestCommonEnd: what is far beyond the others does not stretch the axis.
func TestCommonEnd(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2.9*0.999, commonEnd([]figure.Completions{evenly(1), evenly(2.9), evenly(3.1), {}}), 1e-12)
	require.Zero(t, commonEnd([]figure.Completions{{}}))
}

// TestDistributionsAreCutOff: a line leaves at the end of the axis, between the
// quantiles on its sides.
func TestDistributionsAreCutOff(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2, nines(0.99), 1e-12)
	p, legend, err := drawDistributions("", []string{"a", "none", "b"}, []figure.Completions{evenly(1), {}, evenly(10)}, 1)
	require.NoError(t, err)
	require.Len(t, legend, 2)
	require.Equal(t, []float64{0, 1}, []float64{p.X.Min, p.X.Max})
	points := func(thumb plot.Thumbnailer) plotter.XYs { return thumb.(*plotter.Line).XYs }
	whole, cut := points(legend[0].thumbs[0]), points(legend[1].thumbs[0])
	require.Len(t, whole, 200)
	require.InDelta(t, 3, whole[199].Y, 1e-9)
	require.InDelta(t, 1, cut[len(cut)-1].X, 1e-9)
	require.InDelta(t, nines(0.1), cut[len(cut)-1].Y, 1e-4)
}
