package runfolder

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
)

// Scenario reads the scenario that a run was trained in, as the run's folder
// stored it. A trace file that is not where it was is looked for in the folder,
// too. A trace that is not what it was in training is an error.
func Scenario(dir string) (scenario.Scenario, error) {
	s, err := scenario.LoadStored(filepath.Join(dir, ScenarioName))
	if err != nil || len(s.Traces()) == 0 {
		return s, err
	}
	var trained map[string]string // the hash of each trace, if the record has them
	if rec, err := record.Read(filepath.Join(dir, RecordName)); err == nil {
		trained = rec.Header.Traces
	}
	return s.WithTraces(func(path string) (string, error) { return findTrace(dir, path, trained[path]) })
}

// findTrace returns where the trace file of a run is that was at a path in
// training, and checks its content if its hash is known.
func findTrace(dir, path, hash string) (string, error) {
	places := []string{path, filepath.Join(dir, filepath.Base(path))}
	for _, place := range places {
		is, err := scenario.FileHash(place)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", err
		case hash != "" && is != hash:
			return "", invalid.Errorf("%s: is not the trace that %s was trained on: its SHA-256 begins with %.12s, that of the trace with %.12s", place, dir, is, hash)
		}
		return place, nil
	}
	of := ""
	if hash != "" {
		of = " (SHA-256 " + hash + ")"
	}
	return "", invalid.Errorf("%s: the trace that %s was trained on%s is not there: looked for %s", path, dir, of, strings.Join(places, " and "))
}

// traceHashes returns the hash of each trace file that a scenario reads, by its
// path; nil if there is none.
func traceHashes(s *scenario.Scenario) (map[string]string, error) {
	var hashes map[string]string
	for _, path := range s.Traces() {
		hash, err := scenario.FileHash(path)
		if err != nil {
			return nil, err
		}
		if hashes == nil {
			hashes = map[string]string{}
		}
		hashes[path] = hash
	}
	return hashes, nil
}

// isScenario says whether a hash that a record or a state has is that of a
// scenario. Programs before records had sums took the hash of its settings.
func isScenario(hash string, s scenario.Scenario) (bool, error) {
	own, err := s.ContentHash()
	if err != nil || own == hash {
		return err == nil, err
	}
	old, err := settings.Hash(s)
	return old == hash && len(s.Traces()) == 0, err
}
