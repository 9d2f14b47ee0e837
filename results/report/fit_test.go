package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/fit"
	"fairlb/eval/paper"
	"fairlb/results/report"
)

// TestFitCSV: every cell with what it was and became.
func TestFitCSV(t *testing.T) {
	t.Parallel()
	cell := fit.Cell{Table: 12, Row: "LSQ", Column: "period-I/wiki", Metric: paper.P99, Mean: 0.5, SD: 0.1}
	left := cell
	left.Role = fit.Overload
	before := []fit.Residual{{Cell: cell, Ours: 2}, {Cell: left, Ours: 3}}
	after := []fit.Residual{{Cell: cell, Ours: 1, OursSD: 0.125, Log: 0.6931, Z: 3.25, Failed: 0.01}, {Cell: left, Ours: 0.25, Log: -0.6931, Z: -3.25}}
	var table strings.Builder
	require.NoError(t, report.WriteFitCSV(&table, before, after))
	require.Equal(t, `table,row,column,figure,role,published_mean,published_sd,before,ours,ours_sd,log_ratio,z,failed
12,LSQ,period-I/wiki,p99,fitted,0.5,0.1,2,1,0.125,0.6931,3.25,0.01
12,LSQ,period-I/wiki,p99,overload,0.5,0.1,3,0.25,0,-0.6931,-3.25,0
`, table.String())
}
