package jobqueue

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/results/tfevents"
	"fairlb/train"
	"fairlb/train/queue"
)

// runFiles writes the files of a run, with content of its own each, and one that
// no run has.
func runFiles(t testing.TB, dir string) {
	t.Helper()
	must, may := bundled()
	for k, name := range append(must, may...) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte{byte(k)}, 1000*k), 0o666))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o666))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o777))
}

// TestBundle: the files of a run make the same bytes, and come back; what else is
// in its folder does not.
func TestBundle(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	runFiles(t, from)
	data, err := bundle(from)
	require.NoError(t, err)
	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(from, train.BestName), later, later))
	again, err := bundle(from)
	require.NoError(t, err)
	require.Equal(t, data, again)
	require.NoError(t, unbundle(data, to))
	must, may := bundled()
	for _, name := range append(must, may...) {
		want, err := os.ReadFile(filepath.Join(from, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(to, name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), name)
	}
	entries, err := os.ReadDir(to)
	require.NoError(t, err)
	require.Len(t, entries, 6)

	part := t.TempDir()
	require.NoError(t, unbundle(data, part, train.CheckpointName))
	entries, err = os.ReadDir(part)
	require.NoError(t, err)
	require.Len(t, entries, 1)

	// Not every run has these; every run has the others.
	require.NoError(t, os.Remove(filepath.Join(from, train.BestName)))
	require.NoError(t, os.Remove(filepath.Join(from, tfevents.FileName)))
	data, err = bundle(from)
	require.NoError(t, err)
	require.NoError(t, unbundle(data, t.TempDir()))
	require.ErrorContains(t, unbundle(data, t.TempDir(), train.BestName), "it has no "+train.BestName)
	require.NoError(t, os.Remove(filepath.Join(from, train.CheckpointName)))
	_, err = bundle(from)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// entryOf is a bundle of entries, each of one byte if it is a plain file.
func entryOf(t testing.TB, headers ...*tar.Header) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, header := range headers {
		header.Size = 1
		if header.Typeflag != tar.TypeReg {
			header.Size = 0
		}
		require.NoError(t, w.WriteHeader(header))
		_, err := w.Write([]byte("x")[:header.Size])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// sparse is a bundle of one file that says that it has so many bytes, all but one
// of which are a hole: the format of GNU tar, as PAX records.
func sparse(name string, size int64) []byte {
	block := func(name string, kind byte, content string) []byte {
		header := make([]byte, 512)
		copy(header, name)
		copy(header[100:], "0000644\x000000000\x000000000\x00")
		copy(header[124:], fmt.Sprintf("%011o\x0000000000000\x00        %c", len(content), kind))
		copy(header[257:], "ustar\x0000")
		sum := 0
		for _, b := range header {
			sum += int(b)
		}
		copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
		padding := make([]byte, (512-len(content)%512)%512)
		return append(append(header, content...), padding...)
	}
	records := ""
	for _, record := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=" + name, fmt.Sprint("GNU.sparse.realsize=", size)} {
		n := len(record) + 4 // two digits, a space, a newline
		records += fmt.Sprintf("%d %s\n", n, record)
	}
	holes := fmt.Sprintf("1\n%d\n1\n", size-1)
	content := holes + strings.Repeat("\x00", 512-len(holes)) + "x"
	return append(append(block("pax", 'x', records), block("sparse", '0', content)...), make([]byte, 1024)...)
}

// TestBadBundles: a bundle with what no run has, or with one file twice, or whose
// files are larger than itself, is unusable, and what is written of it is bounded.
func TestBadBundles(t *testing.T) {
	t.Parallel()
	file := func(name string) *tar.Header { return &tar.Header{Name: name, Typeflag: tar.TypeReg} }
	whole := t.TempDir()
	runFiles(t, whole)
	good, err := bundle(whole)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"empty":   {nil, "it has no hyperparameters.yaml"},
		"cut":     {good[:700], "not the bundle of a run"},
		"garbage": {bytes.Repeat([]byte("x"), 2000), "not the bundle of a run"},
		"unknown": {entryOf(t, file("notes.txt")), `entry "notes.txt": no run has it`},
		"path":    {entryOf(t, file("../"+train.CheckpointName)), "no run has it"},
		"link":    {entryOf(t, &tar.Header{Name: train.CheckpointName, Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}), "no run has it"},
		"twice":   {entryOf(t, file(train.CheckpointName), file(train.CheckpointName)), "is there twice"},
		"lacking": {entryOf(t, file(train.CheckpointName)), "it has no hyperparameters.yaml"},
		"sparse":  {sparse(train.CheckpointName, 1<<30), "has 1073741824 bytes: must be at most 3584"},
		"hole":    {sparse(train.CheckpointName, 4000), "has 4000 bytes: must be at most 3584"},
	} {
		dir := t.TempDir()
		err := unbundle(test.data, dir)
		require.ErrorIs(t, err, queue.ErrUnusable, name)
		require.ErrorContains(t, err, test.want, name)
		require.LessOrEqual(t, written(t, dir), len(test.data), name)
	}
	require.Less(t, len(sparse(train.CheckpointName, 1<<30)), 4000)

	// The sparse file is one that a reader of archives would write.
	r := tar.NewReader(bytes.NewReader(sparse(train.CheckpointName, 1<<30)))
	header, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, train.CheckpointName, header.Name)
	require.EqualValues(t, 1<<30, header.Size)
}

// written is how many bytes the files in a folder have.
func written(t testing.TB, dir string) int {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	sum := 0
	for _, e := range entries {
		require.True(t, e.Type().IsRegular(), e.Name())
		info, err := e.Info()
		require.NoError(t, err)
		sum += int(info.Size())
	}
	return sum
}

// FuzzUnbundle: whatever the bytes, nothing is written outside the folder, nor
// anything but plain files that a run has, no larger than the bytes are.
func FuzzUnbundle(f *testing.F) {
	for _, name := range []string{train.CheckpointName, "../a", "/tmp/a", "a/b", ".a", "..", `a\b`} {
		f.Add(entryOf(f, &tar.Header{Name: name, Typeflag: tar.TypeReg}))
	}
	f.Add(entryOf(f, &tar.Header{Name: train.CheckpointName, Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}))
	f.Add(entryOf(f, &tar.Header{Name: "folder", Typeflag: tar.TypeDir}))
	f.Add(sparse(train.CheckpointName, 1<<30))
	f.Fuzz(func(t *testing.T, data []byte) {
		root := t.TempDir()
		dir := filepath.Join(root, "in")
		require.NoError(t, os.Mkdir(dir, 0o777))
		_ = unbundle(data, dir)
		outside, err := os.ReadDir(root)
		require.NoError(t, err)
		require.Len(t, outside, 1)
		require.LessOrEqual(t, written(t, dir), len(data))
	})
}
