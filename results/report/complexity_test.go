package report_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
	"fairlb/eval/figure/figuretest"
	"fairlb/eval/rows"
	"fairlb/results/report"
)

// TestComplexityText: Table 7 in 120 columns.
func TestComplexityText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, report.WriteComplexityText(&b, figuretest.Complexity()))
	for line := range strings.Lines(b.String()) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), 120)
	}
	golden(t, "table7.txt", b.Bytes())
}

// TestComplexityCSV: what is written is read back, and a record that lacks something is
// refused by name.
func TestComplexityCSV(t *testing.T) {
	t.Parallel()
	want := figuretest.Complexity()
	var b bytes.Buffer
	require.NoError(t, report.WriteComplexityCSV(&b, want))
	file, err := rows.Read("x.csv", bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	got, err := figure.ComplexityOf(file)
	require.NoError(t, err)
	for k := range want.Timings { // four digits are kept
		require.InEpsilonSlice(t, want.Timings[k].Nanoseconds, got.Timings[k].Nanoseconds, 1e-3)
		got.Timings[k].Nanoseconds = want.Timings[k].Nanoseconds
	}
	require.Equal(t, want, got)

	for _, c := range []struct{ old, new, message string }{
		{",25 25 25", ",25 x 25", "rounds_ns = \"25 x 25\": must be numbers"},
		{",25 25 25", ",25 25", "3 rounds, not 2"},
		{",update a counter,,", ",update a thing,,", "update a counter, at the testbed's sizes"},
	} {
		file, err := rows.Read("x.csv", strings.NewReader(strings.Replace(b.String(), c.old, c.new, 1)))
		require.NoError(t, err)
		_, err = figure.ComplexityOf(file)
		require.ErrorIs(t, err, rows.ErrUnreadable)
		require.ErrorContains(t, err, "x.csv")
		require.ErrorContains(t, err, c.message)
	}
}
