package file

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/require"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// TestOpen: regular files, by way of links too; nothing that has no end, and no
// fifo whose writer never comes.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, os.WriteFile(path, []byte("abc"), 0o666))
	require.NoError(t, os.Symlink("a", filepath.Join(dir, "link")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666))
	for _, name := range []string{"a", "link"} {
		data, err := Read(filepath.Join(dir, name), 3)
		require.NoError(t, err)
		require.Equal(t, "abc", string(data))
	}
	_, err := Read(path, 2)
	require.ErrorIs(t, err, ErrTooLarge)
	require.ErrorContains(t, err, "more than 2 bytes")
	_, err = Open(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(dir)
	require.ErrorIs(t, err, syscall.EISDIR)
	_, err = Open(filepath.Join(dir, "fifo"))
	require.ErrorIs(t, err, ErrNotRegular)
	require.ErrorContains(t, err, "fifo: not a regular file but a fifo")
	_, err = Read("/dev/zero", 10)
	require.ErrorContains(t, err, "/dev/zero: not a regular file but a device")
}

// TestReplace: whole or not at all, with the permissions that the umask leaves,
// and never in place of what is no regular file.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "[a]*?")
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	require.NoError(t, Replace(path, 0o666, text("one")))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	broken := errors.New("disk full")
	require.ErrorIs(t, Replace(path, 0o666, func(w io.Writer) error { io.WriteString(w, "tw"); return broken }), broken)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "one", string(data))
	require.Equal(t, []string{"[a]*?"}, names(t, dir))

	target := filepath.Join(dir, "target")
	require.NoError(t, os.WriteFile(target, []byte("kept"), 0o666))
	for name, make := range map[string]func(string) error{
		"link":   func(p string) error { return os.Symlink("target", p) },
		"fifo":   func(p string) error { return syscall.Mkfifo(p, 0o666) },
		"folder": func(p string) error { return os.Mkdir(p, 0o777) },
	} {
		p := filepath.Join(dir, name)
		require.NoError(t, make(p))
		err := Replace(p, 0o666, text("x"))
		require.ErrorIs(t, err, ErrNotRegular)
		require.ErrorContains(t, err, "but a "+name)
	}
	data, err = os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "kept", string(data))
	require.ErrorContains(t, Replace(os.DevNull, 0o666, text("x")), "but a device")
}

// TestTemporaries: those of a killed writer of the same file go, others stay:
// those that somebody holds, those of other files, and what a pattern of the name
// would match.
func TestTemporaries(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".a*-1", ".a*-77", ".a*-x", ".ab-1", ".a*", ".a*-2", "a*-3"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o666))
	}
	lock := flock.New(filepath.Join(dir, ".a*-2"))
	held, err := lock.TryLock()
	require.NoError(t, err)
	require.True(t, held)
	require.NoError(t, Replace(filepath.Join(dir, "a*"), 0o666, text("new")))
	require.Equal(t, []string{".a*", ".a*-2", ".a*-x", ".ab-1", "a*", "a*-3"}, names(t, dir))
	require.NoError(t, lock.Unlock())
	require.NoError(t, RemoveTemporaries(dir, "a*", "other"))
	require.NotContains(t, strings.Join(names(t, dir), " "), ".a*-2")
}

// TestReplaceIsAtomic: while a file is written, and after a failure, there is the one
// that was there before, and nothing else.
func TestReplaceIsAtomic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	content := func() string {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(data)
	}
	old := ""
	for _, words := range []string{"one", "two"} {
		for _, fault := range []error{errors.New("full"), nil} {
			err := Replace(path, 0o644, func(w io.Writer) error {
				_, err := io.WriteString(w, words)
				require.NoError(t, err)
				if old == "" {
					require.NoFileExists(t, path)
				} else {
					require.Equal(t, old, content())
				}
				return fault
			})
			require.ErrorIs(t, err, fault)
		}
		require.Equal(t, words, content())
		old = words
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	}
}

// TestReplaceWithoutLocks: where a file cannot be locked, as when too many are open,
// nothing is tried without end and nothing is left.
func TestReplaceWithoutLocks(t *testing.T) {
	if os.Getenv("FAIRLB_TEST_FEW_FILES") == "" {
		self, err := os.Executable()
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		child := exec.CommandContext(ctx, self, "-test.run", "^TestReplaceWithoutLocks$")
		child.Env = append(os.Environ(), "FAIRLB_TEST_FEW_FILES=1")
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	dir := t.TempDir()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = 64
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	var opened []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		opened = append(opened, f)
	}
	last := len(opened) - 1
	require.NoError(t, opened[last].Close()) // for the temporary file, but not for its lock
	err := Replace(filepath.Join(dir, "a"), 0o666, func(io.Writer) error { return nil })
	for _, f := range opened[:last] {
		require.NoError(t, f.Close())
	}
	require.ErrorIs(t, err, syscall.EMFILE)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}
