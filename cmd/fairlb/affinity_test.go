package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAffinity: random dispatch divides nothing; self-tuning's LBs come to prefer
// different servers, and keep to them.
func TestAffinity(t *testing.T) {
	out, _, err := command(t, "affinity", "sed", "wcmp", "self-tuning", "--scenario", "many-lbs/8x100-0.85", "--seeds", "31000", "--duration", "4", "--windows", "4")
	require.NoError(t, err)
	lines := strings.Split(out, "\n")
	fields := func(line int) []string { return strings.Fields(lines[line]) }
	require.Equal(t, "wcmp", fields(2)[0])
	require.Equal(t, "self-tuning", fields(3)[0])
	column := func(line, fromEnd int) string { return fields(line)[len(fields(line))-fromEnd] }
	require.Less(t, column(2, 4), "0.20", "the largest of eight parts, an eighth each and noise\n%s", out)
	require.Greater(t, column(3, 4), column(1, 4), "main")
	require.Less(t, column(3, 3), column(1, 3), "overlap")
	require.Greater(t, column(3, 2), "0.5", "lasting")
	require.Contains(t, out, "many-lbs/8x100-0.85: 1 seeds of 4 s, 4 windows of 1 s")

	for want, args := range map[string][]string{
		"--scenario: must name":         {"sed"},
		"--windows 0: must be in":       {"sed", "--scenario", "web-churn", "--windows", "0"},
		"--seeds: ":                     {"sed", "--scenario", "web-churn", "--seeds", "x"},
		`target "sad"`:                  {"sad", "--scenario", "web-churn"},
		"duration = 0.3":                {"sed", "--scenario", "web-churn", "--duration", "0.3"},
		"has no requests: choose fewer": {"sed", "--scenario", "sim-moderate/pure-cpu", "--duration", "5", "--windows", "1000"},
		"neither a file nor a built-in": {"sed", "--scenario", "web"},
		"affinity --help":               {},
	} {
		_, _, err := command(t, append([]string{"affinity"}, args...)...)
		require.ErrorContains(t, err, want)
		require.Equal(t, exitUsage, exitCode(err), want)
	}
}
