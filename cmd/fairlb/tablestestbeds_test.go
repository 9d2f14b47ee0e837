package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// TestTablesTestbeds: the survey, the paper's testbeds and ours, whose counts are the
// paper's, in 120 columns.
func TestTablesTestbeds(t *testing.T) {
	t.Parallel()
	out, errs, err := command(t, "tables", "testbeds")
	require.NoError(t, err)
	require.Empty(t, errs)
	for line := range strings.Lines(out) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), 120)
	}
	for _, row := range []string{
		`6LB +2 +28 of 2 CPUs +- `,
		`Ananta +14 +- +of production`,
		`paper, large +6 +20 \(60 CPUs\) +731\.534 to 2926\.135 queries/s`,
		`ours, moderate +2 +7 \(22 CPUs\) +779 to 918 requests/s`,
		`ours, large +6 +20 \(60 CPUs\) +732 to 2926 requests/s`,
		`ours, Apache +2 +7 \(22 CPUs x scale\) +779 to 918 requests/s x scale`,
	} {
		require.Regexp(t, `(?m)^ `+row, out)
	}
}
