package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"fairlb/env/dispatch"
	"fairlb/env/file"
	"fairlb/env/settings"
)

// Traces lists the paths of the trace files that a scenario reads, each once.
func (s *Scenario) Traces() []string {
	var paths []string
	s.eachTrace(func(path *string) {
		if !slices.Contains(paths, *path) {
			paths = append(paths, *path)
		}
	})
	return paths
}

// WithTraces returns the scenario with each path of a trace file replaced by
// what replace makes of it.
func (s Scenario) WithTraces(replace func(path string) (string, error)) (Scenario, error) {
	s.Workload.Classes = slices.Clone(s.Workload.Classes)
	for k := range s.Workload.Classes {
		s.Workload.Classes[k].Stages = slices.Clone(s.Workload.Classes[k].Stages)
	}
	var failed error
	s.eachTrace(func(path *string) {
		replaced, err := replace(*path)
		if err != nil && failed == nil {
			failed = err
		}
		*path = replaced
	})
	return s, failed
}

// eachTrace calls visit for each path of a trace file.
func (s *Scenario) eachTrace(visit func(path *string)) {
	if s.Workload.Trace != "" {
		visit(&s.Workload.Trace)
	}
	for k := range s.Workload.Classes {
		for j := range s.Workload.Classes[k].Stages {
			if stage := &s.Workload.Classes[k].Stages[j]; stage.Trace != "" {
				visit(&stage.Trace)
			}
		}
	}
}

// ContentHash names all that an environment of the scenario depends on: it is
// the hash of its settings, in which the contents of trace files stand for their
// paths. The name, which may be the path of a file, is no part of it.
func (s Scenario) ContentHash() (string, error) {
	s, err := s.WithTraces(func(path string) (string, error) {
		hash, err := FileHash(path)
		return "sha256:" + hash, err
	})
	if err != nil {
		return "", err
	}
	s.Name = ""
	if s.Ties == dispatch.FairTies.String() {
		s.Ties = "" // what is left out means the same
	}
	return settings.Hash(s)
}

// FileHash returns the SHA-256 of a file, in hexadecimal digits. That of a file
// which has not changed since is remembered.
func FileHash(path string) (string, error) {
	f, err := file.Open(path)
	if err != nil {
		return "", fmt.Errorf("trace: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("trace: %w", err)
	}
	version := fileVersion{path, info.Size(), info.ModTime()}
	if hash, known := fileHashes.Load(version); known {
		return hash.(string), nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("trace: %w", err)
	}
	hash := hex.EncodeToString(sum.Sum(nil))
	fileHashes.Store(version, hash)
	return hash, nil
}

// fileVersion tells a file from what it was before it was changed.
type fileVersion struct {
	path     string
	size     int64
	modified time.Time
}

var fileHashes sync.Map // by fileVersion
