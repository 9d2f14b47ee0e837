package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/train"
)

// runFolder is what a training run has left in its folder, as far as it can be
// read, and everything that is wrong with it.
type runFolder struct {
	dir    string
	faults []string
	rounds []train.Round

	// These are nil where they cannot be read, or are not there.
	hyper    *train.Hyperparameters
	scenario *scenario.Scenario
	record   *record.Header
	policy   *savedPolicy // train.CheckpointName
	best     *savedPolicy // train.BestName
	state    *train.State
}

// savedPolicy is a checkpoint of a run.
type savedPolicy struct {
	path       string
	meta       checkpoint.Meta
	parameters []agents.Parameter
	trained    *train.Hyperparameters // what it says of itself; nil where that cannot be read
}

// The names of the files of a run's folder, beside train.CheckpointName.
const (
	recordName   = "record.jsonl"
	hyperName    = "hyperparameters.yaml"
	scenarioName = "scenario.yaml"
)

// unfinished says whether a folder is one that tables, a study or a queue makes
// a run in, and renames when the run is whole.
func unfinished(dir string) bool {
	name := filepath.Base(dir)
	return strings.HasSuffix(name, ".partial") || strings.HasPrefix(name, ".partial-")
}

// findRuns returns the runs' folders among dir and what is below it, by name,
// and apart from them those that are unfinished.
func findRuns(dir string) (found, partial []string, err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, usage("%s: there is no such folder", dir)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		for _, name := range []string{recordName, train.CheckpointName} {
			info, err := os.Stat(filepath.Join(path, name))
			switch {
			case err != nil || !info.Mode().IsRegular():
				continue
			case unfinished(path):
				partial = append(partial, path)
			default:
				found = append(found, path)
			}
			break
		}
		return nil
	})
	return found, partial, err
}

// readRun reads a run's folder. What cannot be read, and what its files say
// against each other, is among the faults.
func readRun(dir string) *runFolder {
	r := &runFolder{dir: dir}
	if h, err := runHyper(dir); err != nil {
		r.fault(err)
	} else {
		r.hyper = &h
	}
	path := filepath.Join(dir, scenarioName)
	if s, err := scenario.Load(path, nil); err != nil {
		r.fault(err)
	} else {
		r.scenario = &s
	}
	r.readRecord()
	r.readEvents()
	r.policy = r.readPolicy(train.CheckpointName)
	r.checkPolicy()
	r.readBest()
	r.readState()
	return r
}

// fault notes what is wrong, a line a fault.
func (r *runFolder) fault(err error) {
	r.faults = append(r.faults, strings.Split(err.Error(), "\n")...)
}

func (r *runFolder) readRecord() {
	path := filepath.Join(r.dir, recordName)
	rec, err := record.Read(path)
	if err != nil {
		r.fault(err)
		return
	}
	r.record = &rec.Header
	if rec.Truncated {
		r.fault(fmt.Errorf("%s: the last line is cut off", path))
	}
	if rec.Header.Kind != "train" {
		r.fault(fmt.Errorf("%s: is the record of kind %q: want \"train\"", path, rec.Header.Kind))
		return
	}
	r.sameSettings(path, rec.Header.Settings)
	for _, row := range rec.Rows {
		if row.Type != "round" {
			continue
		}
		var round train.Round
		if err := row.Decode(&round); err != nil {
			r.fault(fmt.Errorf("%s: %w", path, err))
			continue
		}
		if err := r.follows(round); err != nil {
			r.fault(fmt.Errorf("%s:%d: %w", path, row.Line, err))
		}
		r.rounds = append(r.rounds, round)
	}
}

// follows reports a round that cannot be the one behind those so far.
func (r *runFolder) follows(round train.Round) error {
	next, played := 0, r.played()
	if n := len(r.rounds); n > 0 {
		next = r.rounds[n-1].Round + 1
	}
	switch h := r.hyper; {
	case round.Episodes <= played || round.Episodes > round.Of || h != nil && round.Of != h.Episodes:
		return fmt.Errorf("episode %d of %d behind episode %d: want a later one of those of the settings", round.Episodes, round.Of, played)
	case round.Round != next:
		return fmt.Errorf("round %d: want round %d", round.Round, next)
	case h != nil && round.Episodes != min(round.Of, (round.Round+1)*h.EpisodesPerRound):
		return fmt.Errorf("round %d ends with episode %d: want %d a round, as the settings say", round.Round, round.Episodes, h.EpisodesPerRound)
	}
	return nil
}

// readEvents reports an event file that TensorBoard could not read to its end.
// Runs made elsewhere may have none.
func (r *runFolder) readEvents() {
	path := filepath.Join(r.dir, tfevents.FileName)
	switch _, truncated, err := tfevents.Read(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		r.fault(err)
	case truncated:
		r.fault(fmt.Errorf("%s: the last record is cut off or damaged", path))
	}
}

// played is the number of episodes that the record has.
func (r *runFolder) played() int {
	if len(r.rounds) == 0 {
		return 0
	}
	return r.rounds[len(r.rounds)-1].Episodes
}

// sameSettings reports settings, in YAML or JSON, that cannot be read or are
// not those of the run. It returns them, nil if they cannot be read.
func (r *runFolder) sameSettings(path string, text []byte) *train.Hyperparameters {
	h, err := train.LoadHyperparameters(path+" (settings)", text, nil)
	if err != nil {
		r.fault(err)
		return nil
	}
	if r.hyper != nil {
		own, err1 := settings.Hash(*r.hyper)
		other, err2 := settings.Hash(h)
		if err := errors.Join(err1, err2); err != nil {
			r.fault(fmt.Errorf("%s: %w", path, err))
		} else if own != other {
			r.fault(fmt.Errorf("%s: was made with other settings than %s", path, hyperName))
		}
	}
	return &h
}
