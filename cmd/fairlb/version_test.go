package main

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/results/record"
)

// TestVersion: --version names the commit and the build, as records do, on stdout.
func TestVersion(t *testing.T) {
	t.Parallel()
	out, errs, err := command(t, "--version")
	require.NoError(t, err)
	require.Empty(t, errs)
	require.Equal(t, "fairlb commit "+record.Commit()+", build "+record.Build()+", "+runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH+"\n", out)
	_, errs, err = command(t)
	require.ErrorContains(t, err, `a command is missing behind "fairlb"`)
	require.Contains(t, errs, "--version")
}
