package haproxy

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"fairlb/env/file"
)

// journal is a file that says which weights were there first, so that they come back
// even after this process was killed. It is written before weights are.
type journal struct {
	path string // empty: there is no file
	lock *flock.Flock
}

// journalRecord is what the file holds.
type journalRecord struct {
	Version int             `json:"version"`
	Socket  string          `json:"socket"`
	Backend string          `json:"backend"`
	PID     uint64          `json:"pid"`     // HAProxy's
	Started uint64          `json:"started"` // when it began, s since 1970; 0: it does not say
	Servers []journalServer `json:"servers"`
}

// journalServer is a server whose weight was or is about to be written.
type journalServer struct {
	Name    string `json:"name"`
	First   int    `json:"first"`   // what comes back in the end
	Written int    `json:"written"` // what it had
	Next    int    `json:"next"`    // what was about to be written
}

const (
	journalVersion = 1
	maxJournal     = 1 << 20 // bytes
)

// openJournal takes hold of the file that cfg names, which one process at a time can.
func openJournal(cfg *Config) (*journal, error) {
	path := cfg.Journal
	switch path {
	case none:
		return &journal{}, nil
	case auto:
		folder, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("%w: %w: name a file, or none", ErrJournal, err)
		}
		socket := sha256.Sum256([]byte(cfg.Socket))
		path = filepath.Join(folder, "fairlb", fmt.Sprintf("haproxy-%x-%s.json", socket[:6], cfg.Backend))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	lock := flock.New(path + ".lock")
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	if !held {
		return nil, fmt.Errorf("%w: it holds %s.lock", ErrSteered, path)
	}
	return &journal{path: path, lock: lock}, nil
}

// read returns what a process before this one has left; found is false where it left
// nothing.
func (j *journal) read(cfg *Config) (r journalRecord, found bool, err error) {
	if j.path == "" {
		return r, false, nil
	}
	data, err := file.Read(j.path, maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err == nil {
		r, err = parseJournal(data)
	}
	if err == nil && (r.Socket != cfg.Socket || r.Backend != cfg.Backend) {
		err = fmt.Errorf("it is of backend %q of %q", r.Backend, r.Socket)
	}
	if err != nil {
		return r, false, fmt.Errorf("%w %s: %w (remove it if the weights are as they should be)", ErrJournal, j.path, err)
	}
	return r, true, nil
}

// parseJournal decodes the file.
func parseJournal(data []byte) (journalRecord, error) {
	var r journalRecord
	if err := json.Unmarshal(data, &r); err != nil {
		return r, err
	}
	if r.Version != journalVersion {
		return r, fmt.Errorf("version = %d: must be %d", r.Version, journalVersion)
	}
	for _, s := range r.Servers {
		for _, weight := range []int{s.First, s.Written, s.Next} {
			if weight < 0 || weight > maxWeight {
				return r, fmt.Errorf("server %q: weight %d: must be 0 to %d", s.Name, weight, maxWeight)
			}
		}
	}
	return r, nil
}

// write replaces the file.
func (j *journal) write(r *journalRecord) error {
	if j.path == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = file.Replace(j.path, 0o600, func(w io.Writer) error { _, err := w.Write(data); return err })
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// close lets go of the file, which is removed if done, that is, if nothing is left to
// be brought back.
func (j *journal) close(done bool) error {
	if j.path == "" {
		return nil
	}
	var err error
	if done {
		if err = os.Remove(j.path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	// The lock's file stays: were it removed, two processes could hold two of one name.
	if err = errors.Join(err, j.lock.Unlock()); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}
