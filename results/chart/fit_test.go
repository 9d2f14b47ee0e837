package chart

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/fit"
	"fairlb/eval/paper"
)

// TestDrawFit: a panel a table and simulation, with what is left there, and every
// row and role by name.
func TestDrawFit(t *testing.T) {
	t.Parallel()
	cell := fit.Cell{Table: 12, Row: "LSQ", Column: "period-I/wiki", Metric: paper.P99, Mean: 0.5, SD: 0.1}
	overload, other := cell, cell
	overload.Role = fit.Overload
	other.Table, other.Row, other.Role = 14, "SED", fit.HeldOut
	before := []fit.Residual{{Cell: cell, Ours: 1, Log: 0.693}, {Cell: overload, Ours: 0.25, Log: -0.693}, {Cell: other, Ours: 0.6, Log: 0.182}}
	after := []fit.Residual{{Cell: cell, Ours: 0.55, Log: 0.095}, {Cell: overload, Ours: 0.3, Log: -0.51}, {Cell: other, Ours: 0.5}}
	var svg strings.Builder
	require.NoError(t, DrawFit(&svg, before, after, "svg"))
	for _, text := range []string{"Table 12, before: RMS 0.69", "Table 12, now: RMS 0.10", "Table 14, before: RMS 0.18", "Table 14, now: RMS 0.00", "LSQ, fitted", "LSQ, overload", "SED, held out"} {
		require.Contains(t, svg.String(), text)
	}
	require.ErrorIs(t, DrawFit(&svg, before[:2], after, "svg"), ErrFigure)
}
