package main

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheoryPotential: the games and propositions; and of recorded loads that the mended
// lemma holds to rounding, that a deviation's epsilon is the sum of its two terms, and
// that the same command prints the same.
func TestTheoryPotential(t *testing.T) {
	out, errs, err := command(t, "theory", "potential", "--tries", "500")
	require.NoError(t, err)
	require.Empty(t, errs)
	require.Regexp(t, `one step of fluid +VBF of own loads +0\.750 +75\.0 +0 `, out)
	require.Regexp(t, `13, PBF printed +loads of one sum: equal ones alone are fairest, and shortest +500 +0`, out)

	dir := trainSmall(t)
	args := []string{"theory", "potential", "lsq", dir, "--against", "sed," + dir, "--seeds", "1-2", "--duration", "10", "--loads", "estimated"}
	out, errs, err = command(t, args...)
	require.NoError(t, err)
	require.Empty(t, errs)
	number := `(-?[\d.]+)`
	row := regexp.MustCompile(`(?m)^ lsq +` + number + ` +` + number + ` +` + number + ` +` + number + ` +` + `(\S+e-1\d) `).FindStringSubmatch(out)
	require.NotNil(t, row, out)
	value := func(k int) float64 {
		x, err := strconv.ParseFloat(row[k], 64)
		require.NoError(t, err)
		return x
	}
	require.InDelta(t, 2*value(2)-value(3), value(1), 2e-4, "two LBs: F = F_1 + F_2 - 2 cov")
	row = regexp.MustCompile(`(?m)^ lsq +sed +` + number + ` +` + number + ` +` + number + ` +\+- ` + number + ` +` + number + ` +` + number).FindStringSubmatch(out)
	require.NotNil(t, row, out)
	require.NotZero(t, value(1), "the load balancer did deviate")
	require.InDelta(t, value(1)-value(2), value(3), 2e-4)
	require.InDelta(t, value(5)+value(6), value(3), 2e-4)
	require.NotContains(t, out, "run  run", "a policy does not deviate to itself")
	again, _, err := command(t, args...)
	require.NoError(t, err)
	require.Equal(t, out, again)
}
