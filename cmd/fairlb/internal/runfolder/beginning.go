package runfolder

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/file"
	"fairlb/train"
)

// maxBeginning is the largest checkpoint that a run begins at, in bytes.
const maxBeginning = 1 << 32

// beginAt lets a new run begin at the checkpoint that the order names, or, where its
// hyperparameters are those of a run that began at one, at that: it is beside the file.
// The checkpoint must fit the run's settings and scenario.
func (t *Training) beginAt(o Order) error {
	h := &t.Hyperparameters
	t.From = o.From
	switch {
	case o.From == "" && h.From == "":
		return nil
	case o.From == "":
		t.From = filepath.Join(filepath.Dir(o.File), train.BeginningName)
		if _, err := os.Stat(t.From); errors.Is(err, fs.ErrNotExist) {
			return invalid.Errorf("%s: from = %s: begins at that checkpoint, and %s is not there: name it with --from", o.File, h.From, t.From)
		}
	case isFolder(o.From):
		t.From = filepath.Join(o.From, train.CheckpointName)
	}
	b, err := train.LoadBeginning(t.From)
	if err != nil {
		return err
	}
	if o.From != "" {
		h.From = b.Meta.ContentSHA256
	}
	_, err = b.Check(h, t.Scenario.Spec())
	return err
}

// isFolder says whether a path is that of a folder.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// keepBeginning copies the checkpoint that the run begins at into its folder, so that
// the run can be made again, resumed and verified when the file has changed or gone.
func (t *Training) keepBeginning() error {
	path := t.path(train.BeginningName)
	if t.Hyperparameters.From == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that came to nothing
			return err
		}
		return nil
	}
	if t.From != "" {
		data, err := file.Read(t.From, maxBeginning)
		if err != nil {
			return err
		}
		if err := file.Replace(path, 0o666, func(w io.Writer) error {
			_, err := io.Copy(w, bytes.NewReader(data))
			return err
		}); err != nil {
			return err
		}
	}
	_, err := t.beginning()
	return err
}

// beginning reads the checkpoint that the run began at from its folder; nil if it began
// at none.
func (t *Training) beginning() (*train.Beginning, error) {
	if t.Hyperparameters.From == "" {
		return nil, nil
	}
	return loadBeginning(t.Dir, t.Hyperparameters.From)
}

// loadBeginning reads the checkpoint from a run's folder that the run began at, whose
// content has the given SHA-256.
func loadBeginning(dir, hash string) (*train.Beginning, error) {
	b, err := train.LoadBeginning(filepath.Join(dir, train.BeginningName))
	switch {
	case err == nil && b.Meta.ContentSHA256 == hash:
		return b, nil
	case err == nil:
		return nil, invalid.Errorf("%s: is not the checkpoint that the run began at: its SHA-256 begins with %.12s, that of the settings with %.12s", b.Path, b.Meta.ContentSHA256, hash)
	case errors.Is(err, fs.ErrNotExist):
		return nil, invalid.Errorf("%w; the run began at it (SHA-256 %s): it can be put there again", err, hash)
	case errors.Is(err, checkpoint.ErrCorrupt):
		return nil, invalid.Errorf("%w; the run began at it (SHA-256 %s): put the whole file there again", err, hash)
	}
	return nil, err
}
