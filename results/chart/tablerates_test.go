package chart

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
	"fairlb/eval/paper"
)

// madeUpRates are values over rates such as a twin may have: ours of two seeds near what is
// published, or of rules that nobody published below SED, with failures in overload.
func madeUpRates(t *testing.T, number int) *paper.Filled {
	t.Helper()
	table, err := paper.Get(number)
	require.NoError(t, err)
	factors := map[string]float64{"sed-ordered": 0.86, "self-tuning": 0.76}
	sed := slices.IndexFunc(table.Rows, func(r paper.Row) bool { return r.MethodID == paper.Baseline })
	f, err := paper.Fill(table, func(row, col int) (paper.Measurement, bool) {
		r := table.Rows[row]
		mean, _, ok := table.Published(row, col)
		if !ok {
			mean, _, _ = table.Published(sed, col)
			mean *= factors[r.MethodID] + 0.02*float64(col)
		}
		mean *= 1.05
		spread := 0.01 * float64(1+row) * (1 + float64(col)/3)
		run := eval.Series{mean * (1 - spread), mean * (1 + spread), mean * (1 + spread/2), mean}
		if row == sed {
			run = eval.Series{mean, mean, mean, mean}
		}
		m := paper.Measurement{Completed: paper.NewValue(eval.Replicates{run})}
		m.All = m.Completed
		if col > 5 {
			m.Failed = 0.04
		}
		return m, true
	})
	require.NoError(t, err)
	return f
}

// TestDrawTableRates: every row has its line, with what is published beside; a table of
// something else than rates is refused.
func TestDrawTableRates(t *testing.T) {
	t.Parallel()
	f := madeUpRates(t, 14)
	var svg strings.Builder
	require.NoError(t, DrawTableRates(&svg, f, "svg"))
	for _, want := range []string{
		">SED<", ">LSQ<", ">sed-ordered<", ">self-tuning<", ">Distr-LB VBF<", ">Distr-LB VBF+logVBF<", ">ours<", ">published<",
		">completion time (s)<", ">ratio to SED<", ">published (testbed)<", ">traffic rate (queries/s)<", ">0.05<", ">0.8<",
	} {
		require.Contains(t, svg.String(), want)
	}
	other, err := paper.Get(16)
	require.NoError(t, err)
	filled, err := paper.Fill(other, func(int, int) (paper.Measurement, bool) { return paper.Measurement{}, false })
	require.NoError(t, err)
	require.ErrorIs(t, DrawTableRates(&svg, filled, "svg"), ErrNotByRate)
}

// TestRateLines: points are in the order of rates, hollow where the paper's difference is
// not significant, and crosses where requests failed.
func TestRateLines(t *testing.T) {
	t.Parallel()
	f := madeUpRates(t, 14)
	row := slices.IndexFunc(f.Rows, func(r paper.Row) bool { return r.TargetName() == "distr-lb/vbf+logvbf" })
	ours, published := rateRatios(f, row, false), rateRatios(f, row, true)
	require.Len(t, ours, 9)
	require.Equal(t, 731.534, ours[0].rate)
	require.InDelta(t, 0.047/0.054, published[0].value, 1e-12)
	require.Less(t, ours[0].lo, ours[0].value)
	require.NotEqual(t, rateGlyph(&f.Cells[row][5], false, true), ours[6].glyph)
	require.Equal(t, ours[6].glyph, ours[8].glyph)
	require.NotEqual(t, published[4].glyph, published[5].glyph, "2377 is the one that is not significant")
	require.Empty(t, rateTimes(f, slices.IndexFunc(f.Rows, func(r paper.Row) bool { return r.Added }), true))
	low, high := rateLimits([2][]rateLine{{{points: ours}, {points: published}}})
	require.Less(t, low, 0.63)
	require.Greater(t, high, 0.9)
	low, high = rateLimits([2][]rateLine{})
	require.Equal(t, []float64{0.5, 2}, []float64{low, high})
}
