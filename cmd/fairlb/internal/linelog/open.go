package linelog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Open opens a file that lines are added to. A last line that a process left unfinished
// when it was killed is ended, so that what comes begins a line. A named pipe must have
// a reader.
func Open(path string) (io.WriteCloser, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("open %s: %w", path, syscall.EISDIR)
	case info.Mode()&fs.ModeNamedPipe != 0:
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if errors.Is(err, syscall.ENXIO) {
			return nil, fmt.Errorf("open %s: nobody reads this named pipe: %w", path, err)
		}
		return file(f, err)
	case info.Mode().IsRegular() && info.Size() > 0:
		f, err := os.OpenFile(path, os.O_APPEND|os.O_RDWR, 0)
		if err == nil {
			return ended(f, info.Size())
		}
		if !errors.Is(err, fs.ErrPermission) { // it may be written, and not read
			return nil, err
		}
	}
	return file(os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644))
}

// file keeps a nil *os.File from being an io.WriteCloser that is not nil.
func file(f *os.File, err error) (io.WriteCloser, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// ended returns a file of some length, with its last line ended.
func ended(f *os.File, size int64) (io.WriteCloser, error) {
	last := make([]byte, 1)
	_, err := f.ReadAt(last, size-1)
	if err == nil && last[0] != '\n' {
		_, err = f.Write(newline)
	}
	if err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, io.EOF) { // a disk that is full may have room later
		f.Close()
		return nil, err
	}
	return f, nil
}

// unclosed is a writer that is somebody else's to close.
type unclosed struct{ io.Writer }

// Close implements io.Closer.
func (unclosed) Close() error { return nil }

// Shared returns a writer that is not closed with the log, such as stdout.
func Shared(w io.Writer) io.WriteCloser { return unclosed{w} }
