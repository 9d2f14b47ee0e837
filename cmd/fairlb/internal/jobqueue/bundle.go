package jobqueue

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"fairlb/cmd/fairlb/internal/files"
)

// bundle packs the files of a folder into one tar archive, sorted by name and
// without their times, so that the same files give the same bytes. Folders in it
// and files whose names begin with a dot are left out.
func bundle(dir string) ([]byte, error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		header := &tar.Header{Name: e.Name(), Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg, Format: tar.FormatPAX}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

var errBundle = errors.New("not a folder's bundle")

// unbundle writes a bundle's files into a folder that exists: all of them or,
// if names are given, those, which must all be there. A bundle may come from
// anywhere: only plain files directly in the folder are written.
func unbundle(data []byte, dir string, names ...string) error {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	found := 0
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errBundle, err)
		}
		name := header.Name
		if header.Typeflag != tar.TypeReg || name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, `/\`+"\x00") {
			return fmt.Errorf("%w: entry %q: must be a file's plain name", errBundle, name)
		}
		if len(names) > 0 && !wanted[name] {
			continue
		}
		found++
		text, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", errBundle, name, err)
		}
		if err := files.WriteBytes(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	if found < max(1, len(names)) {
		return fmt.Errorf("%w: %d files of %v", errBundle, found, names)
	}
	return nil
}
