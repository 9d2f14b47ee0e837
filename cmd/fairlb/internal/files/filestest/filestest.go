// Package filestest helps tests that look at the files of a folder.
package filestest

import (
	"io/fs"
	"path/filepath"
	"testing"
)

// Modified returns the modification times, in ns, of all files below a folder.
func Modified(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	times := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		times[path] = info.ModTime().UnixNano()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return times
}
