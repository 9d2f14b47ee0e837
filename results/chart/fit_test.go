package chart

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/fit"
	"fairlb/eval/paper"
)

func TestPlotFit(t *testing.T) {
	t.Parallel()
	cell := fit.Cell{Table: 12, Row: "LSQ", Column: "period-I/wiki", Metric: paper.P99, Mean: 0.5, SD: 0.1}
	left := cell
	left.Excluded = true
	picture := filepath.Join(t.TempDir(), "fit.svg")
	require.NoError(t, PlotFit(picture, []fit.Residual{{Cell: cell, Ours: 1}, {Cell: left, Ours: 0.25}}))
	data, err := os.ReadFile(picture)
	require.NoError(t, err)
	require.Contains(t, string(data), "LSQ, overloaded: not fitted")
}
