package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPools: heuristics, and constants behind their names, on three small pools.
func TestPools(t *testing.T) {
	out, _, err := command(t, "pools", "lsq", "self-tuning:exponent=0.8", "--pools", "23,60-61", "--seeds", "1-2")
	require.NoError(t, err)
	lines := strings.Split(out, "\n")
	require.Equal(t, []string{"sed", "1.000"}, strings.Fields(lines[1])[:2], "the baseline is added\n%s", out)
	require.Equal(t, "lsq", strings.Fields(lines[2])[0])
	require.Equal(t, "self-tuning:exponent=0.8", strings.Fields(lines[3])[0])
	require.Contains(t, out, "over 3 pools of ratios of mean completion times, 2 episodes each")
	again, _, err := command(t, "pools", "sed", "lsq", "self-tuning:exponent=0.8", "--pools", "23,60-61", "--seeds", "1-2")
	require.NoError(t, err)
	require.Equal(t, out, again)

	services, _, err := command(t, "pools", "sed", "lsq", "--family", "random-service", "--pools", "23,60-61", "--duration", "5")
	require.NoError(t, err)
	others, _, err := command(t, "pools", "sed", "lsq", "--pools", "23,60-61", "--duration", "5")
	require.NoError(t, err)
	require.NotEqual(t, others, services)

	for want, args := range map[string][]string{
		`target "sad": neither a heuristic`:   {"sad"},
		`unknown constant "tau"`:              {"self-tuning:tau=3"},
		`--pools: `:                           {"sed", "--pools", "x"},
		`--seeds: `:                           {"sed", "--seeds", "2-1"},
		`--family "web": must be random-pool`: {"sed", "--family", "web"},
		`sed takes no constants`:              {"sed:window=3"},
		`target "self-tuning" is given twice`: {"self-tuning", "self-tuning"},
	} {
		_, _, err := command(t, append([]string{"pools"}, args...)...)
		require.ErrorContains(t, err, want)
		require.Equal(t, exitUsage, exitCode(err))
	}
}

// TestEvalConstants: a heuristic's constants may be given to eval.
func TestEvalConstants(t *testing.T) {
	out, _, err := command(t, "eval", "sed", "self-tuning:window=50", "--scenario", "misweighted/1.0", "--seeds", "1-2", "--duration", "10")
	require.NoError(t, err)
	require.Contains(t, out, "self-tuning:window=50")
	_, _, err = command(t, "eval", "sed", "self-tuning:window=0", "--scenario", "misweighted/1.0")
	require.ErrorContains(t, err, `target "self-tuning:window=0": dispatch: self-tuning: window is 0: must be in [1, 1e9]`)
}
