package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInference: the command prints what is explained, and a row a trust.
func TestInference(t *testing.T) {
	args := []string{"theory", "inference", "--seeds", "1-2", "--duration", "20", "--particles", "5"}
	out, errs, err := command(t, args...)
	require.NoError(t, err)
	require.Empty(t, errs)
	require.Regexp(t, `in order +0\.\d{3} +0\.\d{3}\n`, out)
	for _, row := range []string{" sed ", " sed-true ", " sed-global ", " by lot, 0 ", " in order, 0.5 "} {
		require.Contains(t, out, row)
	}
	again, _, err := command(t, args...)
	require.NoError(t, err)
	require.Equal(t, out, again)
}
