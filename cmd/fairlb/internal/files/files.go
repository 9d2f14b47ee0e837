// Package files writes results into folders: one process at a time writes into
// a folder, and a file is replaced as a whole or stays what it was.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/file"
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
	path := filepath.Join(dir, lockName)
	if err := file.CheckReplaceable(path); err != nil { // a fifo would be waited for
		return nil, fmt.Errorf("--out: %w", err)
	}
	lock := flock.New(path, flock.SetPermissions(0o666))
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	if !free {
		return nil, invalid.Errorf("%s: another fairlb writes into it: wait until it ends, or name another folder with --out", dir)
	}
	return func() { _ = lock.Unlock() }, nil // the file stays: another process may be waiting for it
}

// InUse says whether a process, this one among them, writes into a folder that it
// has locked.
func InUse(dir string) bool {
	path := filepath.Join(dir, lockName)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	free, err := lock.TryLock()
	if err != nil {
		return false // whoever writes there is somebody else
	}
	if free {
		_ = lock.Unlock()
	}
	return !free
}

// Exists says whether a file or folder is there, by a path whose links are followed.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// CheckOutput says, before the work that it is for, whether a flag's file can be
// written: it is in a folder that exists, is no folder, device, fifo or link, and
// is none of the inputs.
func CheckOutput(flag, path string, inputs ...string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return invalid.Errorf("%s %s: there is no folder %s", flag, path, filepath.Dir(path))
	}
	if err := file.CheckReplaceable(path); err != nil {
		var detail *fs.PathError
		if errors.As(err, &detail) {
			err = detail.Err
		}
		return invalid.Errorf("%s %s: %w: what is written there would take its place", flag, path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil // it is not there yet
	}
	for _, input := range inputs {
		if other, err := os.Stat(input); err == nil && os.SameFile(info, other) {
			return invalid.Errorf("%s %s: is what the command reads", flag, path)
		}
	}
	return nil
}

// PictureFormat returns the format of a flag's picture, which the ending of its
// name gives: svg, png or pdf.
func PictureFormat(flag, path string) (string, error) {
	switch format := strings.TrimPrefix(filepath.Ext(path), "."); format {
	case "svg", "png", "pdf":
		return format, nil
	}
	return "", invalid.Errorf("%s %q: must end in .svg, .png or .pdf", flag, path)
}

// Write replaces a file as a whole, or leaves what was there.
func Write(path string, write func(io.Writer) error) error {
	if err := file.Replace(path, 0o666, write); err != nil {
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

// Form is one of the forms in which a result is written.
type Form struct {
	Ending string // of the file's name, without the dot
	Write  func(io.Writer) error
}

// WriteForms writes a result at the path with the ending of each form, in the given
// order. It stops at the first that fails.
func WriteForms(path string, forms ...Form) error {
	for _, f := range forms {
		if err := Write(path+"."+f.Ending, f.Write); err != nil {
			return err
		}
	}
	return nil
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

// SetAside gives another name to a file or folder: its own, the infix and the first
// number from 1 on that is free. It returns that name.
func SetAside(path, infix string) (string, error) {
	for k := 1; ; k++ {
		name := fmt.Sprint(path, infix, k)
		if _, err := os.Lstat(name); err == nil {
			continue
		}
		return name, os.Rename(path, name)
	}
}
