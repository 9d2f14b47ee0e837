package chart

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/fit"
	"fairlb/eval/paper"
)

func TestDrawFit(t *testing.T) {
	t.Parallel()
	cell := fit.Cell{Table: 12, Row: "LSQ", Column: "period-I/wiki", Metric: paper.P99, Mean: 0.5, SD: 0.1}
	left := cell
	left.Excluded = true
	var svg strings.Builder
	require.NoError(t, DrawFit(&svg, []fit.Residual{{Cell: cell, Ours: 1}, {Cell: left, Ours: 0.25}}, "svg"))
	require.Contains(t, svg.String(), "LSQ, overloaded: not fitted")
}
