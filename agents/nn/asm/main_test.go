package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The committed assembly is what this program writes.
func TestCommittedFilesMatch(t *testing.T) {
	for _, u := range units {
		files, err := u.files()
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range files {
			path := filepath.Join(folder, name)
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what this program writes: go run .", path)
			}
		}
	}
}
