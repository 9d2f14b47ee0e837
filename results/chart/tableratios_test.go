package chart

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"fairlb/eval"
	"fairlb/eval/paper"
)

// TestDrawTableRatios: every row but SED has its place, and the legend has what is shown.
func TestDrawTableRatios(t *testing.T) {
	t.Parallel()
	table, err := paper.Get(14)
	require.NoError(t, err)
	f, err := paper.Fill(table, func(row, col int) (paper.Measurement, bool) {
		v := paper.NewValue(eval.Replicates{{1 + 0.1*float64(row), 2}})
		return paper.Measurement{Completed: v, All: v}, col < 2 && table.Rows[row].MethodID != "self-tuning"
	})
	require.NoError(t, err)
	var svg strings.Builder
	require.NoError(t, DrawTableRatios(&svg, f, "svg"))
	text := svg.String()
	for _, want := range []string{
		">Traffic rate, 731.534 queries/s<", ">LSQ<", ">Distr-LB VBF+logVBF<", ">self-tuning<", ">0.125<", ">8<", ">trained<",
		">heuristic, not in the paper<", ">published<", ">published, not significantly different from SED<", ">95 % interval over training runs and seeds<",
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 1, strings.Count(text, ">SED<"), "in the legend, not as a row")
	require.NotContains(t, text, ">beyond the axis<")
}

// TestTableRatioMarks: what is published is below ours, hollow if it is not significant,
// and what is beyond the axis is at its edge.
func TestTableRatioMarks(t *testing.T) {
	t.Parallel()
	shown := map[string]legendEntry{}
	marks := func(ours, published *paper.Ratio) []*plotter.Scatter {
		list, err := tableRatioMarks(&paper.FilledCell{Ratio: ours, PublishedRatio: published}, paper.Row{}, 0, 3, shown)
		require.NoError(t, err)
		var points []*plotter.Scatter
		for _, m := range list {
			if point, ok := m.(*plotter.Scatter); ok {
				points = append(points, point)
			}
		}
		return points
	}
	nan := math.NaN()
	require.Empty(t, marks(nil, nil))
	got := marks(&paper.Ratio{Value: 2, Lo: nan, Hi: nan}, &paper.Ratio{Value: 0.5, Lo: nan, Hi: nan})
	require.Equal(t, []float64{-1, 1}, []float64{got[0].XYs[0].X, got[1].XYs[0].X})
	require.Equal(t, draw.TriangleGlyph{}, got[0].Shape)
	require.NotContains(t, shown, ratioInterval)
	got = marks(nil, &paper.Ratio{Value: 0.5, Significant: true})
	require.Equal(t, draw.PyramidGlyph{}, got[0].Shape)
	got = marks(&paper.Ratio{Value: 9, Lo: -1, Hi: 20}, &paper.Ratio{Value: 0.01})
	require.Equal(t, []any{-3.0, arrowHead{-1, true}}, []any{got[0].XYs[0].X, got[0].Shape})
	require.Equal(t, []any{3.0, arrowHead{1, false}}, []any{got[1].XYs[0].X, got[1].Shape})
	require.Contains(t, shown, ratioInterval)
	require.Contains(t, shown, ratioBeyond)
}
