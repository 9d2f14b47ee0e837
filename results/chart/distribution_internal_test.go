package chart

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"fairlb/eval/figure"
)

// evenly are completion times spread evenly over so many s, of 10 requests.
func evenly(s float64, failed int) figure.Distribution {
	c := figure.Distribution{N: 10, Failed: failed, Longest: s}
	for _, part := range figure.Quantiles() {
		c.Done = append(c.Done, s*part)
	}
	c.All = c.Done
	return c
}

// failing are requests of which none was done.
func failing() figure.Distribution { return figure.Distribution{N: 10, Failed: 10} }

// TestDistributionsEnd: a line ends with the requests that were done, at a dot
// if others failed, and never at the timeout.
func TestDistributionsEnd(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2, nines(0.99), 1e-12)
	list := []figure.Distribution{evenly(1, 0), {}, evenly(10, 2), failing()}
	points := func(thumb plot.Thumbnailer) plotter.XYs { return thumb.(*plotter.Line).XYs }
	for _, test := range []struct {
		top   float64
		whole float64 // where the axis and a line without failures end
		part  float64 // where one ends of which a fifth failed
	}{{0.9999, 4, nines(0.8)}, {0, 100, 80}} {
		d := distributions{names: []string{"a", "none", "b", "c"}, list: list, low: 0.01, high: 20, top: test.top}
		p, legend, dotted, err := d.draw()
		require.NoError(t, err)
		require.True(t, dotted)
		require.Len(t, legend, 3, "what has no requests is left out")
		require.InDelta(t, test.whole, p.Y.Max, 1e-9)
		require.InDelta(t, -2, p.X.Min, 1e-9)
		require.InDelta(t, math.Log10(20), p.X.Max, 1e-9)
		all, some, none := points(legend[0].thumbs[0]), points(legend[1].thumbs[0]), points(legend[2].thumbs[0])
		require.Len(t, all, len(figure.Quantiles()))
		require.InDelta(t, test.whole, all[len(all)-1].Y, 0.011)
		end := some[len(some)-1]
		require.InDelta(t, 1, end.X, 1e-9, "the longest that was done, 10 s")
		require.InDelta(t, test.part, end.Y, 1e-9)
		for _, point := range some {
			require.LessOrEqual(t, point.Y, end.Y+1e-9, "it rises to there")
		}
		require.Equal(t, plotter.XYs{{X: -2}}, none)
	}
	d := distributions{names: []string{"a"}, list: list[:1]}
	_, _, dotted, err := d.draw()
	require.NoError(t, err)
	require.False(t, dotted)
}

// TestLimits: an axis holds the lines up to a part of the requests, and not
// what failed.
func TestLimits(t *testing.T) {
	t.Parallel()
	low, high, part := limits([]figure.Distribution{evenly(1, 0), evenly(10, 2), {}, failing()}, 1)
	require.InDelta(t, 0.005, low, 1e-9)
	require.InDelta(t, 10, high, 1e-9)
	require.InDelta(t, 0.9999, part, 1e-9)
	_, high, part = limits([]figure.Distribution{evenly(1, 0)}, 0.999)
	require.InDelta(t, 0.999, high, 1e-9)
	require.InDelta(t, 0.999, part, 1e-9)
	low, high, part = limits([]figure.Distribution{failing(), {}}, 1)
	require.Zero(t, low+high+part)
}

// TestLinesDiffer: no two of many lines have the same colour and dashes.
func TestLinesDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := range 21 {
		style := fmt.Sprint(colours(k), dashes(k))
		require.False(t, seen[style], "line %d", k)
		seen[style] = true
	}
}
