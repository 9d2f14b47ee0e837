package runfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/train"
)

// Folder is what a training run has left in its folder, as far as it can be
// read, and the faults: all that is wrong with it, a line each.
type Folder struct {
	Dir    string
	Faults []string
	Rounds []train.Round

	// These are nil where they cannot be read, or are not there.
	Hyperparameters *train.Hyperparameters
	Scenario        *scenario.Scenario
	Record          *record.Header
	Policy          *Policy // train.CheckpointName
	Best            *Policy // train.BestName
	State           *train.State
	Beginning       *train.Beginning // train.BeginningName, of a run that began at a checkpoint
}

// Policy is a checkpoint of a run.
type Policy struct {
	Path       string
	Meta       checkpoint.Meta
	Parameters []agents.Parameter
	Trained    *train.Hyperparameters // of which it says that it was trained by them; nil where they cannot be read
}

// The names of the files of a run's folder, beside train.CheckpointName.
const (
	RecordName          = "record.jsonl"
	HyperparametersName = "hyperparameters.yaml"
	ScenarioName        = "scenario.yaml"
)

// Tables, studies and queues make a run in a folder of one of these names, which
// is renamed when the run is complete.
const (
	partialSuffix = ".partial"
	partialPrefix = ".partial-"

	incompleteInfix = ".incomplete-" // of what was there without a checkpoint, set aside
)

// Partial is the folder in which the run of the folder dir is made.
func Partial(dir string) string { return dir + partialSuffix }

// SetAside gives another name to a folder without a complete run, if it is there,
// so that the run can be made.
func SetAside(dir string) error {
	if _, err := files.SetAside(dir, incompleteInfix); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// isPartial says whether a folder is one in which a run is being made.
func isPartial(dir string) bool {
	name := filepath.Base(dir)
	return strings.HasSuffix(name, partialSuffix) || strings.HasPrefix(name, partialPrefix) || strings.Contains(name, incompleteInfix)
}

// Exists says whether a complete run is in a folder.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, train.CheckpointName))
	return err == nil
}

// Find returns the runs' folders among dir and what is below it, by name,
// and apart from them the partial ones. Links to folders are followed, each
// folder once.
func Find(dir string) (found, partial []string, err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, invalid.Errorf("%s: there is no such folder", dir)
	}
	f := finder{}
	err = f.visit(dir)
	return f.found, f.partial, err
}

// finder looks for runs.
type finder struct {
	found, partial []string
	visited        []fs.FileInfo // of folders
}

// visit looks at a folder and what is below it.
func (f *finder) visit(dir string) error {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() || slices.ContainsFunc(f.visited, func(v fs.FileInfo) bool { return os.SameFile(v, info) }) {
		return err
	}
	f.visited = append(f.visited, info)
	switch {
	case !holdsRun(dir):
	case isPartial(dir):
		f.partial = append(f.partial, dir)
	default:
		f.found = append(f.found, dir)
	}
	entries, err := os.ReadDir(dir) // by name
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() && e.Type()&fs.ModeSymlink == 0 {
			continue
		}
		if err := f.visit(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) { // a link to nothing
			return err
		}
	}
	return nil
}

// holdsRun says whether a folder has one of the files by which a run is known.
func holdsRun(dir string) bool {
	return slices.ContainsFunc([]string{RecordName, train.CheckpointName}, func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	})
}

// RemovePartial removes the folders below dir in which a run was being unpacked
// by a process that was killed. The caller must hold the lock of the folder of
// results, and unpack nothing at the time.
func RemovePartial(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), partialPrefix) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Read reads a run's folder. What cannot be read, and what its files say
// against each other, is among the faults.
func Read(dir string) *Folder {
	r := &Folder{Dir: dir}
	if h, err := Hyperparameters(dir); err != nil {
		r.fault(err)
	} else {
		r.Hyperparameters = &h
	}
	if s, err := Scenario(dir); err != nil {
		r.fault(err)
	} else {
		r.Scenario = &s
	}
	r.readRecord()
	r.readEvents()
	r.Policy = r.readPolicy(train.CheckpointName)
	r.checkPolicy()
	r.readBest()
	r.readState()
	r.readBeginning()
	return r
}

// fault adds an error to the faults, each line of it as one.
func (r *Folder) fault(err error) {
	r.Faults = append(r.Faults, strings.Split(err.Error(), "\n")...)
}

func (r *Folder) readRecord() {
	path := filepath.Join(r.Dir, RecordName)
	rec, err := record.Read(path)
	if err != nil {
		r.fault(err)
		return
	}
	r.Record = &rec.Header
	if rec.Truncated {
		r.fault(fmt.Errorf("%s: the last line is cut off", path))
	}
	if rec.Header.Kind != "train" {
		r.fault(fmt.Errorf("%s: is the record of kind %q: want \"train\"", path, rec.Header.Kind))
		return
	}
	r.sameSettings(path, rec.Header.Settings)
	if hash := rec.Header.ScenarioHash; hash != "" && r.Scenario != nil {
		if same, err := isScenario(hash, *r.Scenario); err != nil {
			r.fault(fmt.Errorf("%s: %w", path, err))
		} else if !same {
			r.fault(fmt.Errorf("%s: was made in another scenario than %s", path, ScenarioName))
		}
	}
	for _, row := range rec.Rows {
		if row.Type != "round" {
			continue
		}
		var round train.Round
		if err := row.Decode(&round); err != nil {
			r.fault(fmt.Errorf("%s: %w", path, err))
			continue
		}
		if err := r.checkSequence(round); err != nil {
			r.fault(fmt.Errorf("%s:%d: %w", path, row.Line, err))
		}
		r.Rounds = append(r.Rounds, round)
	}
}

// checkSequence reports a round that cannot follow the rounds so far.
func (r *Folder) checkSequence(round train.Round) error {
	next, played := 0, r.EpisodesPlayed()
	if n := len(r.Rounds); n > 0 {
		next = r.Rounds[n-1].Round + 1
	}
	switch h := r.Hyperparameters; {
	case round.Episodes <= played || round.Episodes > round.Of || h != nil && round.Of != h.End(played):
		return fmt.Errorf("episode %d of %d behind episode %d: want a later one of those of the settings", round.Episodes, round.Of, played)
	case round.Round != next:
		return fmt.Errorf("round %d: want round %d", round.Round, next)
	case h != nil && round.Episodes != min(round.Of, played+h.EpisodesPerRound):
		return fmt.Errorf("round %d ends with episode %d: want %d a round, as the settings say", round.Round, round.Episodes, h.EpisodesPerRound)
	}
	return nil
}

// readEvents reports an event file that TensorBoard could not read to its end.
// Runs made elsewhere may have none.
func (r *Folder) readEvents() {
	path := filepath.Join(r.Dir, tfevents.FileName)
	switch _, truncated, err := tfevents.Read(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		r.fault(err)
	case truncated:
		r.fault(fmt.Errorf("%s: the last record is cut off or damaged", path))
	}
}

// EpisodesPlayed is the number of episodes that the record has.
func (r *Folder) EpisodesPlayed() int {
	if len(r.Rounds) == 0 {
		return 0
	}
	return r.Rounds[len(r.Rounds)-1].Episodes
}

// sameSettings reports settings, in YAML or JSON, that cannot be read or are
// not those of the run, now or before it went on beyond an end. It returns them, nil
// if they cannot be read.
func (r *Folder) sameSettings(path string, text []byte) *train.Hyperparameters {
	h, err := train.LoadHyperparameters(path+" (settings)", text, nil)
	if err != nil {
		r.fault(err)
		return nil
	}
	if r.Hyperparameters != nil && !isEarlier(r.Hyperparameters, h) {
		own, err1 := settings.Hash(*r.Hyperparameters)
		other, err2 := settings.Hash(h)
		if err := errors.Join(err1, err2); err != nil {
			r.fault(fmt.Errorf("%s: %w", path, err))
		} else if own != other {
			r.fault(fmt.Errorf("%s: was made with other settings than %s", path, HyperparametersName))
		}
	}
	return &h
}
