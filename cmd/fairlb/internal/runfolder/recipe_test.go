package runfolder

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/train/recipes"
)

// TestReadRecipe: a file comes before the shipped recipe of its name, and a folder does not.
func TestReadRecipe(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	want, err := recipes.Get("universal")
	require.NoError(t, err)
	for _, make := range []func(path string) error{
		func(string) error { return nil },
		func(path string) error { return os.Mkdir(path, 0o755) },
	} {
		require.NoError(t, make(filepath.Join(folder, "universal")))
		place, data, err := ReadRecipe(folder, "universal")
		require.NoError(t, err)
		require.Equal(t, "shipped recipe universal", place)
		require.Equal(t, want, data)
	}
	path := filepath.Join(folder, "es")
	require.NoError(t, os.WriteFile(path, []byte("method: es\n"), 0o644))
	place, data, err := ReadRecipe(folder, "es")
	require.NoError(t, err)
	require.Equal(t, path, place)
	require.Equal(t, "method: es\n", string(data))

	require.NoError(t, os.Mkdir(filepath.Join(folder, "mine"), 0o755))
	_, _, err = ReadRecipe(folder, "mine")
	require.ErrorContains(t, err, "mine: is a directory")
	_, _, err = ReadRecipe(folder, "other")
	require.ErrorContains(t, err, "nor is it the name of a shipped recipe")
}
