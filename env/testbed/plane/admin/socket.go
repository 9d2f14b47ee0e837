package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

const (
	dialTimeout = time.Second     // for a process to answer at a socket that is there
	lockTimeout = 3 * time.Second // for another process to be done with its socket
	longestPath = 107             // bytes of a Unix socket's path (sun_path, without its end)
)

// Listen listens on a Unix socket that only its owner may open, from the moment on that
// it exists. A socket that a dead process has left is replaced; one at which a process
// answers is not (ErrInUse), nor is anything else. The socket is removed when the listener
// is closed.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	l, err := listen(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

func listen(ctx context.Context, path string) (net.Listener, error) {
	if path == "" || len(path) > longestPath || path[0] == '@' {
		return nil, fmt.Errorf("%w: it must be the path of a file, of at most %d bytes", ErrPath, longestPath)
	}
	// Between finding that a socket is dead and replacing it, nobody else may do so:
	// the lock of the folder is held, which leaves nothing behind.
	lock := flock.New(filepath.Dir(path), flock.SetFlag(os.O_RDONLY))
	limited, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	switch _, err := lock.TryLockContext(limited, 10*time.Millisecond); {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, ErrLocked
	case err != nil:
		return nil, err
	}
	defer lock.Close()
	if err := removeDead(ctx, path); err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: private}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// private takes a socket's permissions from others before it has a path. Linux makes the
// path's permissions of them; elsewhere it may fail, and Listen changes them a moment
// later.
func private(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
}

// removeDead removes a socket at which nobody answers.
func removeDead(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return ErrNotSocket
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		conn.Close()
		return ErrInUse
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, syscall.EAGAIN) || errors.Is(err, os.ErrDeadlineExceeded):
		return ErrInUse // its queue is full
	}
	return err
}
