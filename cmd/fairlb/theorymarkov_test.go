package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheoryMarkov: the tables of Figure 2b, beside the simulator, and what can be
// drawn of it again.
func TestTheoryMarkov(t *testing.T) {
	dir := t.TempDir()
	out, errs, err := command(t, "theory", "markov", "--queue", "2", "--simulate", "3", "--seconds", "500", "--out", dir)
	require.NoError(t, err)
	require.Empty(t, errs)
	require.Regexp(t, `(?m)^ WCMP +accurate +1\.02\d .* inside`, out)
	require.NotContains(t, out, "OUTSIDE")
	require.Regexp(t, `self-tuning SED, fixed +accurate .*1\.57:1.*with its memory`, out)
	require.Contains(t, out, "independent, as printed")
	require.Regexp(t, `(?m)^b +accurate: WCMP has the best performance, with SED +does not hold`, out)
	png := filepath.Join(dir, "again.png")
	_, _, err = command(t, "figures", "recorded", filepath.Join(dir, "figure-2b.csv"), "--out", png)
	require.NoError(t, err)
	require.Equal(t, decodePicture(t, filepath.Join(dir, "figure-2b.png")), decodePicture(t, png))

	out, _, err = command(t, "theory", "markov", "--queue", "2", "--readings=false", "--together", "independent")
	require.NoError(t, err)
	require.NotContains(t, out, "self-tuning SED, fixed")
	_, _, err = command(t, "theory", "markov", "--queue", "2", "--out", filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "there is no folder")
	require.Equal(t, exitUsage, exitCode(err))
}
