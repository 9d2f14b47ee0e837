package figure_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
	"fairlb/eval/figure/figuretest"
	"fairlb/eval/rows"
	"fairlb/eval/theory/twoservers"
	"fairlb/results/report"
)

// TestWeightedDurations: bars are the same when written and read back, and a method
// without weights has one bar for both.
func TestWeightedDurations(t *testing.T) {
	t.Parallel()
	f := figuretest.WeightedDurations()
	require.NoError(t, f.Check())
	var csv strings.Builder
	require.NoError(t, report.WriteWeightedDurationsCSV(&csv, f))
	file, err := rows.Read("x.csv", strings.NewReader(csv.String()))
	require.NoError(t, err)
	again, err := figure.WeightedDurationsOf(file)
	require.NoError(t, err)
	require.Equal(t, f, again)

	for _, c := range []string{"50 % -Q", "50 % -Q ~W"} {
		x, ok := f.Of("plain", "LSQ", c)
		require.True(t, ok)
		require.Equal(t, 2.25, x)
	}
	x, ok := f.Of("plain", "SED", "50 % -Q ~W")
	require.True(t, ok)
	require.Equal(t, 2.5, x)
	_, ok = f.Of("plain", "WCMP", "accurate")
	require.False(t, ok)

	bars, err := twoservers.Bars(twoservers.Plain(2))
	require.NoError(t, err)
	readings, err := twoservers.Readings(twoservers.Plain(2))
	require.NoError(t, err)
	f = figure.NewWeightedDurations(2, bars, readings)
	require.Len(t, f.Bars, len(bars)+15*(len(readings)-1), "the plain reading is there once")
}
