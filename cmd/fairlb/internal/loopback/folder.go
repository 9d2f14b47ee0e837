package loopback

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// folderPrefix begins the name of the folder of an environment.
const folderPrefix = "fairlb-testbed-"

// makeFolder makes the folder of the load balancers' shared memory, and locks it. Folders
// of environments whose process was killed are removed: nobody holds their locks.
func (e *Env) makeFolder() (err error) {
	left, err := filepath.Glob(filepath.Join(memoryFolder(), folderPrefix+"*", lockName))
	if err != nil {
		return err
	}
	for _, path := range left {
		lock := flock.New(path)
		if free, err := lock.TryLock(); err == nil && free { // else it is another's
			err = os.RemoveAll(filepath.Dir(path))
			if err = errors.Join(err, lock.Close()); err != nil {
				return err
			}
		}
	}
	if e.folder, err = os.MkdirTemp(memoryFolder(), folderPrefix); err != nil {
		return err
	}
	e.lock = flock.New(filepath.Join(e.folder, lockName))
	if _, err := e.lock.TryLock(); err != nil {
		return errors.Join(err, os.RemoveAll(e.folder))
	}
	return nil
}

// removeFolder removes the folder.
func (e *Env) removeFolder() error { return errors.Join(os.RemoveAll(e.folder), e.lock.Close()) }

// lockName is the file in a folder that its environment locks.
const lockName = "lock"

// memoryFolder is where files are memory, if the system has such a place.
func memoryFolder() string {
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err == nil && info.IsDir() {
		return memory
	}
	return os.TempDir()
}
