package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/files"
)

// TestLockedFolder: one process at a time writes into a folder, by any command.
func TestLockedFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	release, err := files.Lock(dir)
	require.NoError(t, err)
	for _, args := range [][]string{
		{"train", "../../train/recipes/demo.yaml", "--set", "episodes=1", "--out", dir},
		{"tables", "16", "--out", dir},
		{"study", "../../train/studies/smoke.yaml", "--report", "--out", dir},
		{"figures", "8", "--tables", dir, "--out", t.TempDir()},
	} {
		_, _, err := command(t, args...)
		require.Equal(t, exitUsage, exitCode(err), args[0])
		require.ErrorContains(t, err, dir+": another fairlb writes into it", args[0])
	}
	release()
	release, err = files.Lock(dir)
	require.NoError(t, err)
	release()
}
