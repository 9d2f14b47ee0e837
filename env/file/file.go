// Package file reads and writes files the way every part of fairlb does. What is
// read is a regular file of a bounded size, so that no device, fifo or folder is
// waited for or read without end. What is written appears whole or not at all,
// under the permissions that the user's umask leaves, and never in place of what
// is no regular file.
package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// ErrNotRegular reports a folder, device, fifo, socket or link where a regular
// file must be.
var ErrNotRegular = errors.New("not a regular file")

// ErrTooLarge reports a file that holds more than its reader takes.
var ErrTooLarge = errors.New("too large")

// Open opens a regular file for reading. It follows links, and does not wait
// for the other end of a fifo. Its error is a *fs.PathError.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: irregular(info.Mode())}
	}
	if err != nil {
		f.Close() // the first error says what went wrong
		return nil, err
	}
	return f, nil
}

// irregular is the error of a file of that mode. It is EISDIR for a folder, so
// that callers that look for that find it.
func irregular(mode fs.FileMode) error {
	if mode.IsDir() {
		return syscall.EISDIR
	}
	return fmt.Errorf("%w but %s", ErrNotRegular, kind(mode))
}

// kind names what is no regular file.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a link"
	case mode&fs.ModeNamedPipe != 0:
		return "a fifo"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "of another kind"
}

// Read reads a regular file of at most limit bytes. A larger one is ErrTooLarge.
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)}
	}
	return data, err
}

// CheckReplaceable says whether Replace may write a path: nothing is there, or a
// regular file.
func CheckReplaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "replace", Path: path, Err: fmt.Errorf("%w but %s", ErrNotRegular, kind(info.Mode()))}
	}
	return nil
}

// Replace writes a file under a temporary name beside it, brings it to disk, and
// renames it, so that at every moment there is the file that was there before or
// the whole new one. The permissions of the file are perm less the umask. What a
// writer of the same file that was killed has left is removed.
func Replace(path string, perm fs.FileMode, write func(io.Writer) error) (err error) {
	if err := CheckReplaceable(path); err != nil {
		return err
	}
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	if err := RemoveTemporaries(dir, name); err != nil {
		return err
	}
	f, release, err := temporary(dir, name, perm)
	if err != nil {
		return err
	}
	defer release()
	defer func() {
		if err != nil {
			f.Close() // the first error says what went wrong
			os.Remove(f.Name())
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder brings the names in a folder to disk.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// temporaryName is the k-th name under which a file is written.
func temporaryName(name string, k int) string { return fmt.Sprintf(".%s-%d", name, k) }

// temporaryOf says whether an entry of a folder is a temporary file of a name.
func temporaryOf(entry, name string) bool {
	number, found := strings.CutPrefix(entry, "."+name+"-")
	return found && number != "" && strings.Trim(number, "0123456789") == ""
}

// temporary makes a temporary file of a name, and holds a lock on it that ends
// with the process, by which others tell it from one that was left.
func temporary(dir, name string, perm fs.FileMode) (*os.File, func(), error) {
	for k := 0; ; k++ {
		path := filepath.Join(dir, temporaryName(name, k))
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if errors.Is(err, fs.ErrExist) {
			continue // another process writes the same file
		}
		if err != nil {
			return nil, nil, err
		}
		lock := flock.New(path)
		held, err := lock.TryLock()
		if err != nil { // too many files are open, or the file system has no locks
			f.Close() // the first error says what went wrong
			os.Remove(path)
			return nil, nil, err
		}
		if !held {
			f.Close()
			continue // another process takes it for one that was left
		}
		return f, func() { _ = lock.Unlock() }, nil
	}
}

// RemoveTemporaries removes what writers of these files that were killed have
// left in a folder.
func RemoveTemporaries(dir string, names ...string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		for _, name := range names {
			if e.Type().IsRegular() && temporaryOf(e.Name(), name) {
				if err := removeLeft(filepath.Join(dir, e.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// removeLeft removes a temporary file that nobody holds.
func removeLeft(path string) error {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	held, err := lock.TryLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil || !held:
		return nil // its writer is at work, or it is not ours to remove
	}
	defer lock.Unlock()
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
