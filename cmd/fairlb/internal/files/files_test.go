package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

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

// TestLockOfAnotherKind: what is no file under the lock's name is neither waited
// for nor taken for a lock.
func TestLockOfAnotherKind(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(path string) error{
		"fifo":   func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"folder": func(path string) error { return os.Mkdir(path, 0o777) },
	} {
		dir := t.TempDir()
		require.NoError(t, put(filepath.Join(dir, lockName)))
		ended := make(chan error, 1)
		go func() { _, err := Lock(dir); ended <- err }()
		select {
		case err := <-ended:
			require.ErrorContains(t, err, dir, name)
		case <-time.After(10 * time.Second):
			t.Fatal(name, " is waited for")
		}
		require.False(t, InUse(dir), name)
	}
}

// TestWriteForms: forms are written in the order in which they are given, up to the
// first that fails.
func TestWriteForms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var order []string
	form := func(ending string, fails error) Form {
		return Form{ending, func(w io.Writer) error {
			order = append(order, ending)
			if fails == nil {
				_, fails = io.WriteString(w, ending)
			}
			return fails
		}}
	}
	broken := errors.New("broken")
	path := filepath.Join(dir, "table")
	require.NoError(t, WriteForms(path, form("md", nil), form("csv", nil), form("json", nil), form("a", nil)))
	require.Equal(t, []string{"md", "csv", "json", "a"}, order)
	order = nil
	err := WriteForms(path, form("new", nil), form("csv", broken), form("late", nil))
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, path+".csv: ")
	require.Equal(t, []string{"new", "csv"}, order)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"table.a", "table.csv", "table.json", "table.md", "table.new"}, names)
	kept, err := os.ReadFile(path + ".csv")
	require.NoError(t, err)
	require.Equal(t, "csv", string(kept))
}
