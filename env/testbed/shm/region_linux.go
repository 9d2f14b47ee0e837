package shm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"fairlb/env/testbed"
)

// mode of a region's file: it is its owner's alone.
const mode = 0o600

// littleEndian says whether words in memory have the byte order of the layouts.
func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// openRegion maps the region in an existing file. It maps what there is: the caller
// checks what it is. A path that has no file gives testbed.ErrPlaneGone.
func openRegion(path string) (*region, error) {
	if !littleEndian() {
		return nil, ErrUnsupported
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil, fmt.Errorf("%w: %w", testbed.ErrPlaneGone, &fs.PathError{Op: "open", Path: path, Err: err})
	}
	if err != nil {
		return nil, fmt.Errorf("shm: %w", &fs.PathError{Op: "open", Path: path, Err: err})
	}
	r := &region{path: path, file: fd}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, errors.Join(r.failed("stat", err), r.close())
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, errors.Join(fmt.Errorf("%w: %s is no regular file", ErrNotRegion, path), r.close())
	}
	if st.Size < headerWords*wordBytes || st.Size > maxBytes {
		return nil, errors.Join(fmt.Errorf("%w: %s has %d bytes", ErrNotRegion, path, st.Size), r.close())
	}
	if err := r.mapMemory(int(st.Size)); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// ownRegion maps an existing file as openRegion does and takes the plane's part in it,
// if it is a file of this user's that no other plane has, and makes it the owner's
// alone.
func ownRegion(path string) (*region, error) {
	r, err := openRegion(path)
	if err != nil {
		return nil, err
	}
	if err := r.lock(planePart); err != nil {
		return nil, errors.Join(err, r.close())
	}
	var st unix.Stat_t
	if err := unix.Fstat(r.file, &st); err != nil {
		return nil, errors.Join(r.failed("stat", err), r.close())
	}
	if int(st.Uid) != os.Geteuid() {
		return nil, errors.Join(fmt.Errorf("%w: %s belongs to user %d", ErrTaken, path, st.Uid), r.close())
	}
	if err := unix.Fchmod(r.file, mode); err != nil {
		return nil, errors.Join(r.failed("chmod", err), r.close())
	}
	return r, nil
}

// makeRegion maps a new file of the given size, zeroes, under a temporary name beside
// path, and takes the plane's part in it. Its memory is there, so that no later store
// can meet a full disk. Install gives the file its name.
func makeRegion(path string, bytes int) (*region, error) {
	if !littleEndian() {
		return nil, ErrUnsupported
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600, less what the umask forbids
	if err != nil {
		return nil, fmt.Errorf("shm: %w", err)
	}
	r := &region{path: f.Name(), file: -1}
	r.file, err = unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		r.file, err = -1, r.failed("dup", err)
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = r.fill(bytes)
	}
	if err != nil {
		return nil, errors.Join(err, r.close(), os.Remove(r.path))
	}
	return r, nil
}

// fill gives a new file its mode, its memory and its lock.
func (r *region) fill(bytes int) error {
	if err := unix.Fchmod(r.file, mode); err != nil {
		return r.failed("chmod", err)
	}
	if err := unix.Fallocate(r.file, 0, 0, int64(bytes)); err != nil {
		return r.failed("allocate", err)
	}
	if err := r.lock(planePart); err != nil {
		return err
	}
	return r.mapMemory(bytes)
}

// install gives a new region its name. Where replace is not set it fails with
// fs.ErrExist if there is a file of that name.
func (r *region) install(path string, replace bool) error {
	if replace {
		if err := os.Rename(r.path, path); err != nil {
			return fmt.Errorf("shm: %w", err)
		}
	} else if err := errors.Join(os.Link(r.path, path), os.Remove(r.path)); err != nil {
		return fmt.Errorf("shm: %w", err)
	}
	r.path = path
	return nil
}

// mapMemory maps the first bytes of the file.
func (r *region) mapMemory(bytes int) error {
	data, err := unix.Mmap(r.file, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return r.failed("map", err)
	}
	r.data = data
	return nil
}

// check returns testbed.ErrPlaneGone if the file has been removed or replaced, or has
// become shorter.
func (r *region) check() error {
	var st unix.Stat_t
	if err := unix.Fstat(r.file, &st); err != nil {
		return r.failed("stat", err)
	}
	switch {
	case st.Nlink == 0:
		return fmt.Errorf("%w: %s was removed or replaced", testbed.ErrPlaneGone, r.path)
	case st.Size < int64(len(r.data)):
		return fmt.Errorf("%w: %s was cut from %d bytes to %d", testbed.ErrPlaneGone, r.path, len(r.data), st.Size)
	}
	return nil
}

// lock takes a part of the region for this process, or fails with ErrTaken. The lock is
// the open file's (OFD), so that it ends with the process and not with some other
// descriptor of the file.
func (r *region) lock(part int64) error {
	err := unix.FcntlFlock(uintptr(r.file), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: part, Len: 1})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("%w: %s", ErrTaken, r.path)
	}
	if err != nil {
		return r.failed("lock", err)
	}
	return nil
}

// close unmaps the memory and closes the file, which stays.
func (r *region) close() error {
	var unmapped, closed error
	if r.data != nil {
		unmapped = unix.Munmap(r.data)
		r.data = nil
	}
	if r.file >= 0 {
		closed = unix.Close(r.file)
		r.file = -1
	}
	if err := errors.Join(unmapped, closed); err != nil {
		return r.failed("close", err)
	}
	return nil
}

// remove removes the file.
func (r *region) remove() error {
	if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("shm: %w", err)
	}
	return nil
}

func (r *region) failed(op string, err error) error {
	return fmt.Errorf("shm: %w", &fs.PathError{Op: op, Path: r.path, Err: err})
}

// Clock is the machine's monotonic clock, which all processes share: CLOCK_MONOTONIC,
// whose zero is about when the machine started. It reads it without a system call.
type Clock struct {
	anchor time.Time
	at     time.Duration // of anchor
}

// NewClock returns the clock.
func NewClock() (Clock, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return Clock{}, fmt.Errorf("shm: reading the monotonic clock: %w", err)
	}
	return Clock{anchor: time.Now(), at: time.Duration(now.Nano())}, nil
}

// startOf returns when this process started, in the kernel's ticks since the machine
// did. With the process identifier it says which process it is, since identifiers come
// again.
func startOf() uint64 { return processStart("/proc/self/stat") }
