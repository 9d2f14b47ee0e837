package main

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheoryNash: the equilibria of small cases, by hand for tasks at random; and a
// search gains much where the weights are wrong, and the same twice.
func TestTheoryNash(t *testing.T) {
	out, errs, err := command(t, "theory", "nash", "--loads", "0.5", "--ratios", "1,2.5,4", "--most", "12")
	require.NoError(t, err)
	require.Empty(t, errs)
	// Two M/M/1 of 4 and 1 tasks/s with 2 and 0.5: each half full, 2 tasks at 2.5/s.
	require.Regexp(t, `at random, by weights +0\.5 +own time .* 0\.8000 +0\.0`, out)
	require.Regexp(t, `own VBF +1 +4, 4 .* 2\.5, 2\.5 `, out)

	args := []string{"theory", "nash", "lsq", "--scenario", "misweighted/1.0", "--duration", "10", "--seeds", "1-20", "--rounds", "10", "--pairs", "8"}
	out, _, err = command(t, args...)
	require.NoError(t, err)
	row := regexp.MustCompile(`(?m)^ lsq +[\d.]+ +0 +([+-][\d.]+) \+- ([\d.]+) `).FindStringSubmatch(out)
	require.NotNil(t, row, out)
	gain, err := strconv.ParseFloat(row[1], 64)
	require.NoError(t, err)
	half, err := strconv.ParseFloat(row[2], 64)
	require.NoError(t, err)
	require.Greater(t, gain, half, "LSQ knows no speeds: its gap is significant\n%s", out)
	again, _, err := command(t, args...)
	require.NoError(t, err)
	require.Equal(t, out, again)
}
