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
	left.Excluded = true
	before := []fit.Residual{{Cell: cell, Ours: 2}, {Cell: left, Ours: 3}}
	after := []fit.Residual{{Cell: cell, Ours: 1, Log: 0.6931, Z: 3.25, Failed: 0.01}, {Cell: left, Ours: 0.25, Log: -0.6931, Z: -3.25}}
	var table strings.Builder
	require.NoError(t, report.WriteFitCSV(&table, before, after))
	require.Equal(t, `table,row,column,figure,fitted,published_mean,published_sd,first,ours,log_ratio,z,failed
12,LSQ,period-I/wiki,p99,true,0.5,0.1,2,1,0.6931,3.25,0.01
12,LSQ,period-I/wiki,p99,false,0.5,0.1,3,0.25,-0.6931,-3.25,0
`, table.String())
}
