package figures

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/file"
	"fairlb/env/scenario"
)

// maxRecord is the largest record of an episode that is read, in bytes.
const maxRecord = 1 << 28

// livePlay says which episode was played in real time, and whether it was a measurement.
type livePlay struct {
	Target        string   `json:"target"`
	Scenario      string   `json:"scenario"`
	Seed          uint64   `json:"seed"`
	NoMeasurement []string `json:"no_measurement,omitempty"` // why it is none, of each attempt
}

// play returns itself, for records that embed it.
func (p *livePlay) play() *livePlay { return p }

// liveRecord is the record of an episode in real time, which is kept in the folder of the
// figures, so that it is played once: a livePlay, and what was observed.
type liveRecord interface{ play() *livePlay }

// liveFile is the file of an episode's record. Its name begins with what kind of record it
// is and has the key of the job that the episode is: target, content of the scenario, seed,
// and that it is live.
func (m *Maker) liveFile(kind string, s scenario.Scenario, t target.Target, seed uint64) (string, error) {
	e := job.Evaluation{EvaluationTarget: job.EvaluationTarget{Name: t.Name, Hash: t.Hash}, Scenario: s, Seeds: []uint64{seed}, Live: true}
	name, err := e.FileName()
	return filepath.Join(m.Dir, "live", kind+name.Own()), err
}

// readRecord reads a record into e, and reports one that is damaged or of another episode
// than the one that is wanted.
func readRecord(path string, want livePlay, e liveRecord) error {
	data, err := file.Read(path, maxRecord)
	if err != nil {
		return err
	}
	if err := files.CheckSum(data); err != nil {
		return err
	}
	if err := json.Unmarshal(data, e); err != nil {
		return fmt.Errorf("is not the record of an episode: %w", err)
	}
	if p := e.play(); p.Target != want.Target || p.Scenario != want.Scenario || p.Seed != want.Seed {
		return errors.New("is the record of another episode")
	}
	return nil
}

// playOnce returns the record of an episode that read has read or, where there is none that
// can be used or it is to be played again, that of play, which it writes.
func playOnce[R liveRecord](m *Maker, path string, read, play func() (R, error)) (R, error) {
	recorded, err := read()
	switch {
	case err == nil && !(m.Again && len(recorded.play().NoMeasurement) > 0):
		return recorded, nil
	case err == nil:
	case !errors.Is(err, fs.ErrNotExist):
		m.Log.WithError(err).Warnf("%s: is played again", path)
	}
	e, err := play()
	if err != nil {
		return e, err
	}
	data, err := json.Marshal(e)
	if err != nil {
		return e, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return e, err
	}
	whole := append(data[:len(data)-1], "\n}\n"...) // where the sum goes
	return e, files.WriteBytes(path, files.AddSum(whole))
}
