package files

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/invalid"
)

// TestLock: one at a time writes into a folder.
func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	release, err := Lock(dir)
	require.NoError(t, err)
	_, err = Lock(dir)
	require.ErrorContains(t, err, dir+": another fairlb writes into it")
	require.True(t, invalid.Is(err))
	require.True(t, InUse(dir))
	release()
	require.False(t, InUse(dir))
	require.False(t, InUse(t.TempDir()))
	release, err = Lock(dir)
	require.NoError(t, err)
	release()
}
