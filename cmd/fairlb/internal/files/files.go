// Package files writes results into folders: one process at a time writes into
// a folder, and a file is replaced as a whole or stays what it was.
package files

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/invalid"
)

// lockName is the file, empty, by which a process says that it writes into the
// folder. The lock is the operating system's: it ends with the process, however
// that ends.
const lockName = ".lock"

// Lock makes a folder of results and keeps other processes from writing into it
// until release.
func Lock(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	lock := flock.New(filepath.Join(dir, lockName))
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	if !free {
		return nil, invalid.Errorf("%s: another fairlb writes into it: wait until it ends, or name another folder with --out", dir)
	}
	return func() { _ = lock.Unlock() }, nil // the file stays: another process may be waiting for it
}

// Write replaces a file as a whole, or leaves what was there.
func Write(path string, write func(io.Writer) error) error {
	if err := checkpoint.Replace(path, 0o644, write); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// WriteBytes replaces the contents of a file as a whole, or leaves what was
// there.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error { _, err := w.Write(data); return err })
}

// Name makes a scenario's name or the like one of a file.
func Name(name string) string {
	return strings.NewReplacer("/", "-", "\\", "-", ".", "_").Replace(name)
}

// WritePictures writes a picture as PNG and SVG, at the path with the ending of
// each.
func WritePictures(path string, draw func(w io.Writer, format string) error) error {
	for _, format := range []string{"png", "svg"} {
		if err := Write(path+"."+format, func(w io.Writer) error { return draw(w, format) }); err != nil {
			return err
		}
	}
	return nil
}
