package jobqueue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// scratchPattern names the folders for the temporary files of jobs.
const scratchPattern = "fairlb-job-*"

// scratchLock is the file in such a folder whose lock, which ends with the
// process, says that a job uses the folder.
const scratchLock = ".lock"

// newScratch makes a folder for the temporary files of a job, until release.
func newScratch() (dir string, release func(), err error) {
	dir, err = os.MkdirTemp("", scratchPattern)
	if err != nil {
		return "", nil, err
	}
	lock := flock.New(filepath.Join(dir, scratchLock))
	if held, err := lock.TryLock(); err != nil || !held {
		return "", nil, errors.Join(fmt.Errorf("%s: cannot be locked", dir), err, os.RemoveAll(dir))
	}
	return dir, func() {
		_ = os.RemoveAll(dir) // or the next worker does
		_ = lock.Close()
	}, nil
}

// abandoned is how old a folder without a lock must be until nobody is about to
// lock it.
const abandoned = time.Minute

// removeScratch removes what jobs of processes that were killed have left in a
// folder, if they were of this user.
func removeScratch(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		is, err := filepath.Match(scratchPattern, e.Name())
		if err != nil || !is || !e.IsDir() { // no link
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // somebody removed it
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
			continue
		}
		errs = append(errs, removeLeft(filepath.Join(folder, e.Name()), info.ModTime()))
	}
	return errors.Join(errs...)
}

// removeLeft removes a folder that nobody uses.
func removeLeft(dir string, modified time.Time) error {
	path := filepath.Join(dir, scratchLock)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if time.Since(modified) < abandoned {
			return nil
		}
		return os.RemoveAll(dir)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return nil // not ours
	}
	lock := flock.New(path)
	held, err := lock.TryLock()
	if err != nil || !held {
		return err
	}
	defer lock.Close()
	return os.RemoveAll(dir)
}
