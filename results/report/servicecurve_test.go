package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
)

// TestServiceCurve: both forms have a row a point, with the model beside it.
func TestServiceCurve(t *testing.T) {
	t.Parallel()
	f := &figure.ServiceCurve{Servers: "apache", CPUs: 2, Speed: 0.5, Workers: 32, Backlog: 128, Period: 0.02, Seconds: 5, Mixes: []figure.ServiceMix{
		{CPU: 0.02, Points: []figure.ServicePoint{{Concurrency: 1, Completed: 10, Throughput: 24, Model: 25, Mean: 0.041, ModelMean: 0.04}, {Concurrency: 200, Failed: 3, Dropped: 17}}},
		{CPU: 0.01, IO: 0.01, Points: []figure.ServicePoint{{Concurrency: 4}}},
	}}
	var table, rows strings.Builder
	require.NoError(t, WriteServiceCurveText(&table, f))
	require.Regexp(t, `20 ms CPU +1 +10 +0 +24\.00 +25\.00 +41\.0 +40\.0 `, table.String())
	require.Contains(t, table.String(), "10 ms CPU, 10 ms IO")
	require.NoError(t, WriteServiceCurveCSV(&rows, f))
	lines := strings.Split(strings.TrimSpace(rows.String()), "\n")
	require.Len(t, lines, 4)
	require.True(t, strings.HasPrefix(lines[2], "apache,2,0.5,32,128,0.02,0.02,0,200,0,0,3,"), lines[2])
	require.True(t, strings.HasSuffix(lines[2], ",17"), lines[2])
	for _, line := range lines {
		require.Equal(t, strings.Count(lines[0], ","), strings.Count(line, ","))
	}
}
