package chart

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/plotter"
)

// TestMeansEnd: the axis holds the bars, their intervals and what is published,
// but for what is far beyond the median.
func TestMeansEnd(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	bar := func(mean, high, published float64) MeanBar {
		return MeanBar{Mean: mean, Low: mean, High: high, Beside: published}
	}
	require.InDelta(t, 2, meansEnd([]MeanBar{bar(1, nan, nan), bar(2, nan, nan), bar(9, 10, nan)}), 1e-12, "a bar is cut off")
	require.InDelta(t, 2.5, meansEnd([]MeanBar{bar(1, 2.5, nan), bar(2, nan, 7)}), 1e-12, "an interval")
	require.InDelta(t, 2.9, meansEnd([]MeanBar{bar(1, 2.5, 2.9), bar(2, 77, nan)}), 1e-12, "a published value")
	require.InDelta(t, 1, meansEnd([]MeanBar{bar(0, nan, nan)}), 1e-12)
}

// TestIntervalsAreMarked: an interval ends in an arrow head where the axis ends
// before it does.
func TestIntervalsAreMarked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		low, high float64
		from, to  float64
		heads     plotter.XYs
	}{
		{1, 2, 1, 2, nil},
		{0, 3, 0, 3, nil},
		{1, 9, 1, 3, plotter.XYs{{X: 3, Y: -4}}},
		{-1, 2, 0, 2, plotter.XYs{{X: 0, Y: -4}}},
		{-1, 9, 0, 3, plotter.XYs{{X: 0, Y: -4}, {X: 3, Y: -4}}},
	} {
		interval, heads, err := drawInterval(test.low, test.high, 3, -4)
		require.NoError(t, err)
		require.Equal(t, plotter.XYs{{X: test.from, Y: -4}, {X: test.to, Y: -4}}, interval.XYs)
		var points plotter.XYs
		for _, head := range heads {
			points = append(points, head.XYs...)
		}
		require.Equal(t, test.heads, points, "%v", test)
	}
}

func TestFewTicks(t *testing.T) {
	t.Parallel()
	for hi, want := range map[float64][]string{
		0.0143: {"0", "0.005", "0.01"}, 0.2: {"0", "0.05", "0.1", "0.15", "0.2"}, 1: {"0", "0.5", "1"}, 3.4: {"0", "1", "2", "3"}, 40: {"0", "10", "20", "30", "40"},
	} {
		var got []string
		for _, tick := range (fewTicks{}).Ticks(0, hi) {
			got = append(got, tick.Label)
		}
		require.Equal(t, want, got, "%g", hi)
	}
}
