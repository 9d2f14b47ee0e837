package runfolder

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"fairlb/cmd/fairlb/internal/progress"
)

// CommandOf is the command line that makes the run of a folder again.
func CommandOf(dir string) []string {
	return []string{"fairlb", "train", filepath.Join(dir, HyperparametersName)}
}

// Make makes the run of the folder t.Dir in its Partial folder until it is
// complete. A run that was stopped goes on; what it has left is begun anew if it
// is of other settings or damaged.
func (t Training) Make(ctx context.Context) error {
	dir := t.Dir
	t.Dir, t.Command, t.KeepState, t.Resume = Partial(dir), CommandOf(dir), true, true
	log := t.Log
	t.Log = progress.Silent()
	t.Resumed = func(episodes int) {
		log.WithField("episodes", episodes).Infof("%s: going on", filepath.Base(dir))
	}
	err := t.Run(ctx)
	if left := (*UnresumableError)(nil); errors.As(err, &left) {
		log.WithError(err).Warnf("%s: begun anew", filepath.Base(dir))
		if err := os.RemoveAll(t.Dir); err != nil {
			return err
		}
		err = t.Run(ctx)
	}
	if err != nil {
		return err
	}
	return os.Rename(t.Dir, dir)
}

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
