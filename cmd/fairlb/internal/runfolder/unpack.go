package runfolder

import (
	"os"
	"path/filepath"
)

// Unpack makes the folder dir by write, which is given a folder of another name
// until it is complete. A complete run that is there meanwhile stays.
func Unpack(dir string, write func(partial string) error) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return err
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), partialPrefix+"*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial) // gone after the rename
	if err := os.Chmod(partial, 0o755); err != nil {
		return err
	}
	if err := write(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, dir); err != nil && !Exists(dir) { // another job's, of the same settings
		return err
	}
	return nil
}
