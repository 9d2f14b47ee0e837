package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheoryComplexity: a short measurement is recorded, and its record prints the same
// table and is drawn again.
func TestTheoryComplexity(t *testing.T) {
	if runtime.GOOS != "linux" || testing.Short() {
		t.Skip("the memory is Linux's; seconds")
	}
	out := t.TempDir()
	table, _, err := command(t, "theory", "complexity", "--rounds", "1", "--least", "1us", "--folder", t.TempDir(), "--out", out)
	require.NoError(t, err)
	again, _, err := command(t, "theory", "complexity", "--recorded", filepath.Join(out, "table-7.csv"))
	require.NoError(t, err)
	require.Equal(t, table, again)
	_, _, err = command(t, "figures", "recorded", filepath.Join(out, "table-7.csv"), "--out", filepath.Join(out, "again.png"))
	require.NoError(t, err)
	require.Equal(t, decodePicture(t, filepath.Join(out, "table-7.png")), decodePicture(t, filepath.Join(out, "again.png")))
}

// TestCommittedTable7: the committed text is that of the committed record.
func TestCommittedTable7(t *testing.T) {
	folder := filepath.Join("..", "..", "results", "theory")
	want, err := os.ReadFile(filepath.Join(folder, "table-7.txt"))
	require.NoError(t, err)
	got, _, err := command(t, "theory", "complexity", "--recorded", filepath.Join(folder, "table-7.csv"))
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
