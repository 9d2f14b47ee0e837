package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockName is the file, empty, by which a process says that it writes into the
// folder. The claim is the operating system's lock: it ends with the process,
// however that ends.
const lockName = ".lock"

// claim makes a folder of results and keeps other processes from writing into
// it until release.
func claim(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	lock := flock.New(filepath.Join(dir, lockName))
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	if !free {
		return nil, usage("%s: another fairlb writes into it: wait until it ends, or name another folder with --out", dir)
	}
	return func() { _ = lock.Unlock() }, nil // the file stays: another may wait at it
}
