package jobqueue

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/env/file"
	"fairlb/results/tfevents"
	"fairlb/train"
	"fairlb/train/queue"
)

// maxFile is the size of a file of a bundle at most, in bytes; that of a bundle is
// queue.MaxResult.
const maxFile = 256 << 20

// bundled are the files of a run's folder that a bundle has, in their order. The
// last ones may be missing: not every run has them.
func bundled() (must, may []string) {
	return []string{runfolder.HyperparametersName, runfolder.ScenarioName, runfolder.RecordName, train.CheckpointName},
		[]string{tfevents.FileName, train.BestName}
}

// bundle packs the files of a run's folder into one tar archive, without their
// times, so that the same files give the same bytes. What else is in the folder is
// left out.
func bundle(dir string) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	must, may := bundled()
	for _, name := range slices.Concat(must, may) {
		data, err := file.Read(filepath.Join(dir, name), maxFile)
		if errors.Is(err, fs.ErrNotExist) && slices.Contains(may, name) {
			continue
		}
		if err != nil {
			return nil, err
		}
		header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg, Format: tar.FormatPAX}
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

// unbundle writes a bundle's files into a folder that exists: all of them or, if
// names are given, those, which must all be there. A bundle may come from
// anywhere: one with a file that no run has, or with one twice, and one whose files
// are larger than itself, is queue.ErrUnusable.
func unbundle(data []byte, dir string, names ...string) error {
	must, may := bundled()
	wanted := names
	if len(names) == 0 {
		names, wanted = must, slices.Concat(must, may)
	}
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: not the bundle of a run: %w", queue.ErrUnusable, fmt.Errorf(format, args...))
	}
	left := int64(len(data)) // of an archive that is as long as its files at least
	var seen []string
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return bad("%w", err)
		}
		name := header.Name
		switch {
		case header.Typeflag != tar.TypeReg || !slices.Contains(must, name) && !slices.Contains(may, name):
			return bad("entry %.80q: no run has it", name)
		case slices.Contains(seen, name):
			return bad("entry %q is there twice", name)
		case header.Size < 0 || header.Size > min(left, maxFile):
			return bad("entry %q has %d bytes: must be at most %d", name, header.Size, min(left, maxFile))
		}
		seen = append(seen, name)
		left -= header.Size
		if !slices.Contains(wanted, name) {
			continue
		}
		text := make([]byte, header.Size)
		if _, err := io.ReadFull(r, text); err != nil {
			return bad("entry %q: %w", name, err)
		}
		if err := files.WriteBytes(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	for _, name := range names {
		if !slices.Contains(seen, name) {
			return bad("it has no %s", name)
		}
	}
	return nil
}
