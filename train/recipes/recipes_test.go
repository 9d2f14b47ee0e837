package recipes_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/train/recipes"
)

// TestGet: every file of the folder is shipped, by its name with or without its
// ending, and nothing else.
func TestGet(t *testing.T) {
	t.Parallel()
	require.Contains(t, recipes.Names(), "es")
	for _, name := range recipes.Names() {
		want, err := os.ReadFile(name + ".yaml")
		require.NoError(t, err)
		for _, spelt := range []string{name, name + ".yaml"} {
			got, err := recipes.Get(spelt)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	for _, name := range []string{"", "ess", "../recipes/es", "es.yaml.yaml", "recipes.go"} {
		_, err := recipes.Get(name)
		require.ErrorIs(t, err, recipes.ErrUnknown, name)
	}
}
