package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTablesPublished: the page of the tables has the counts as the command prints them.
func TestTablesPublished(t *testing.T) {
	out, _, err := command(t, "tables", "published")
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join("..", "..", "results", "tables", "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(page), out, "the counts on the page are not those of fairlb tables published")

	one, _, err := command(t, "tables", "published", "14")
	require.NoError(t, err)
	require.Contains(t, one, "| 14, below overload | LSQ |")
	require.NotContains(t, one, "| 16 |")
	_, _, err = command(t, "tables", "published", "17")
	require.ErrorContains(t, err, "unknown table 17")
	require.Equal(t, exitUsage, exitCode(err))
}
