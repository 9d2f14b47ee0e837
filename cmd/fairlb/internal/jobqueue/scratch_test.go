package jobqueue

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestScratch: what a killed worker has left is removed; what a job uses, or is
// about to, and what is nobody's folder for jobs stays.
func TestScratch(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	used, release, err := newScratch()
	require.NoError(t, err)
	old := time.Now().Add(-time.Hour)
	for name, files := range map[string][]string{
		"fairlb-job-1": {scratchLock, "policy.safetensors"}, // its process is gone
		"fairlb-job-2": {"scenario.yaml"},                   // of a program without locks
		"fairlb-job-3": {},                                  // made just now
		"another-1":    {scratchLock},
	} {
		dir := filepath.Join(folder, name)
		require.NoError(t, os.Mkdir(dir, 0o777))
		for _, file := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), nil, 0o666))
		}
		if len(files) > 0 {
			require.NoError(t, os.Chtimes(dir, old, old))
		}
	}
	require.NoError(t, os.Chtimes(used, old, old))
	kept := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(kept, scratchLock), nil, 0o666))
	require.NoError(t, os.Symlink(kept, filepath.Join(folder, "fairlb-job-4")))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "fairlb-job-5"), nil, 0o666))

	require.NoError(t, removeScratch(folder))
	names := func() (list []string) {
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, e := range entries {
			list = append(list, e.Name())
		}
		return list
	}
	require.ElementsMatch(t, []string{"another-1", "fairlb-job-3", "fairlb-job-4", "fairlb-job-5", filepath.Base(used)}, names())
	require.FileExists(t, filepath.Join(kept, scratchLock))
	release()
	require.NoDirExists(t, used)
}
