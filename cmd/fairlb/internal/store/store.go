// Package store keeps the results of jobs in a folder: a folder a training run,
// a file an evaluation, a file a search of fixed weights, each named by the key
// of its job, so that nothing is done twice and nothing stale is used. What the
// folder lacks is made by an Executor.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/singleflight"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/env/file"
	"fairlb/env/scenario"
	"fairlb/eval"
)

// Executor does jobs: in this process (package executor), or through a queue
// whose workers may be anywhere (package jobqueue).
type Executor interface {
	// Train makes a training run in the folder dir, which appears when the run
	// is complete.
	Train(ctx context.Context, t *job.Training, dir string) error
	// Evaluate returns the report of an evaluation, as JSON.
	Evaluate(ctx context.Context, e *job.Evaluation) ([]byte, error)
	// Search searches the best fixed weights.
	Search(ctx context.Context, x *job.Search) (fixedweights.Found, error)

	// Parallelism is how many jobs should be asked for at a time.
	Parallelism() int
	// OfOneJob says whether an error of a job leaves the other jobs what they
	// are, so that they should go on.
	OfOneJob(err error) bool
	// Bar shows a piece of work that consists of jobs.
	Bar(what string, jobs int) progress.Bar
}

// Store is a folder of results and the executor that makes what it lacks.
type Store struct {
	Executor
	Dir string

	// AnyBuild takes results that other builds of the program have made, too,
	// where there are none of this build.
	AnyBuild bool

	mu     sync.Mutex
	others map[string]bool // by path: results of other builds, that were taken or, without AnyBuild, left
	damage []error         // what was wrong with files that were set aside

	trainings singleflight.Group // in progress, by folder: several jobs may want one
	partials  sync.Once          // removes what was left of folders that were being unpacked, before the first training
}

// New returns the store of a folder.
func New(dir string, executor Executor) *Store {
	return &Store{Executor: executor, Dir: dir, others: map[string]bool{}}
}

// OtherBuilds is how many results of other builds of the program were taken or,
// without AnyBuild, left where they are.
func (s *Store) OtherBuilds() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.others)
}

// Damage lists what was wrong with the results that were damaged, each with the name
// that its file was given: they have been made again.
func (s *Store) Damage() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.damage)
}

// setAside gives another name to the file of a result that cannot be used, so that
// the result can be made again. That of another build is left where it is.
func (s *Store) setAside(damage *damagedError, name job.Name) error {
	if filepath.Base(damage.path) != name.Own() {
		return damage
	}
	to, err := files.SetAside(damage.path, ".damaged-")
	if err != nil {
		return errors.Join(damage, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.damage = append(s.damage, fmt.Errorf("%s: %w; it is %s now, and made again", damage.path, damage.why, to))
	return nil
}

// damagedError says that the file of a result cannot be used.
type damagedError struct {
	path string
	why  error
}

// Error implements error.
func (e *damagedError) Error() string { return fmt.Sprintf("%s: %v; remove it", e.path, e.why) }

// Unwrap returns what is wrong.
func (e *damagedError) Unwrap() error { return e.why }

// locate returns the path of the result of a name in a folder, and whether it is
// there.
func (s *Store) locate(dir string, name job.Name, exists func(path string) bool) (string, bool, error) {
	own := filepath.Join(dir, name.Own())
	if exists(own) {
		return own, true, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return own, false, err
	}
	for _, e := range slices.Backward(entries) { // the last by name, for want of a better one
		path := filepath.Join(dir, e.Name())
		if !name.IsOther(e.Name()) || !exists(path) {
			continue
		}
		s.mu.Lock()
		s.others[path] = true
		s.mu.Unlock()
		if s.AnyBuild {
			return path, true, nil
		}
	}
	return own, false, nil
}

// RunFolder returns the folder of a training's run, and whether the run is
// there.
func (s *Store) RunFolder(t *job.Training) (dir string, ok bool, err error) {
	name, err := t.FolderName()
	if err != nil {
		return "", false, err
	}
	return s.locate(filepath.Join(s.Dir, "train"), name, runfolder.Exists)
}

// Train returns the folder of a training's run, after making the run if it is
// not there.
func (s *Store) Train(ctx context.Context, t *job.Training) (dir string, err error) {
	dir, ok, err := s.RunFolder(t)
	if err != nil {
		return dir, err
	}
	s.partials.Do(func() { err = runfolder.RemovePartial(filepath.Join(s.Dir, "train")) })
	if err != nil {
		return dir, err
	}
	if !ok {
		_, err, _ = s.trainings.Do(dir, func() (any, error) {
			if runfolder.Exists(dir) {
				return nil, nil // another job was quicker
			}
			if err := ctx.Err(); err != nil {
				return nil, err // nothing is begun any more
			}
			if err := runfolder.SetAside(dir); err != nil {
				return nil, err
			}
			return nil, s.Executor.Train(ctx, t, dir)
		})
		if err != nil {
			return dir, err
		}
	}
	if err := t.CheckRun(dir); err != nil {
		return dir, fmt.Errorf("%w; remove the folder %s, and the run is made again", err, dir)
	}
	return dir, os.RemoveAll(runfolder.Partial(dir)) // which this process may have begun and another ended
}

// Policy returns the policy of a training's run as the target of evaluations in a
// scenario, under the name of its method. Reports call it by the title.
func (s *Store) Policy(in scenario.Scenario, t *job.Training, name, title string) (job.EvaluationTarget, error) {
	dir, _, err := s.RunFolder(t)
	if err != nil {
		return job.EvaluationTarget{}, err
	}
	return job.Policy(in, t, name, title, dir)
}

// maxReport is the largest report that is read, in bytes.
const maxReport = 1 << 30

// reportFile is the path of an evaluation's report.
func (s *Store) reportFile(e *job.Evaluation) (string, error) {
	name, err := e.FileName()
	if err != nil {
		return "", err
	}
	path, _, err := s.locate(s.reportFolder(e), name, files.Exists)
	return path, err
}

// reportFolder is the folder of an evaluation's report.
func (s *Store) reportFolder(e *job.Evaluation) string {
	if e.Live {
		return filepath.Join(s.Dir, "live")
	}
	return filepath.Join(s.Dir, "eval")
}

// Forget removes the report of an evaluation that this build has made, if there is one, so
// that it is made again.
func (s *Store) Forget(e *job.Evaluation) error {
	name, err := e.FileName()
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(s.reportFolder(e), name.Own())); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Evaluated returns the result of an evaluation that was made before, if it was.
func (s *Store) Evaluated(e *job.Evaluation) (result eval.Result, ok bool, err error) {
	path, err := s.reportFile(e)
	if err != nil {
		return result, false, err
	}
	data, err := file.Read(path, maxReport)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return result, false, nil
	case err != nil:
		return result, false, err
	}
	if result, err = e.CheckReport(data); err != nil {
		return result, false, invalid.Errorf("%w", &damagedError{path, err})
	}
	return result, true, nil
}

// Evaluate returns the result of an evaluation, after making it if it is not
// there, or what is there is damaged and has been set aside.
func (s *Store) Evaluate(ctx context.Context, e *job.Evaluation) (eval.Result, error) {
	result, ok, err := s.Evaluated(e)
	var damage *damagedError
	if errors.As(err, &damage) {
		name, nameErr := e.FileName()
		if nameErr != nil {
			return result, nameErr
		}
		err = s.setAside(damage, name)
	}
	if err != nil || ok {
		return result, err
	}
	path, err := s.reportFile(e)
	if err != nil {
		return eval.Result{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return eval.Result{}, err
	}
	report, err := s.Executor.Evaluate(ctx, e)
	if err != nil {
		return eval.Result{}, err
	}
	if _, err := e.CheckReport(report); err != nil {
		return eval.Result{}, fmt.Errorf("what came of the evaluation %s %w", e.Describe(), err)
	}
	if err := files.WriteBytes(path, report); err != nil {
		return eval.Result{}, err
	}
	result, _, err = s.Evaluated(e)
	return result, err
}

// Searched returns what a search of fixed weights has found whose file is in
// the folder dir, if it is.
func (s *Store) Searched(x *job.Search, dir string) (found fixedweights.Found, ok bool, err error) {
	name, err := x.FileName()
	if err != nil {
		return found, false, err
	}
	path, _, err := s.locate(dir, name, files.Exists)
	if err != nil {
		return found, false, err
	}
	data, err := file.Read(path, maxReport)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return found, false, nil
	case err != nil:
		return found, false, err
	}
	if found, err = x.CheckFound(data); err != nil {
		return found, false, invalid.Errorf("%w", &damagedError{path, err})
	}
	return found, true, nil
}

// Search returns what a search of fixed weights finds, after making it if its
// file is not in the folder dir, or is damaged and has been set aside.
func (s *Store) Search(ctx context.Context, x *job.Search, dir string) (fixedweights.Found, error) {
	name, err := x.FileName()
	if err != nil {
		return fixedweights.Found{}, err
	}
	found, ok, err := s.Searched(x, dir)
	var damage *damagedError
	if errors.As(err, &damage) {
		err = s.setAside(damage, name)
	}
	if err != nil || ok {
		return found, err
	}
	found, err = s.Executor.Search(ctx, x)
	if err != nil {
		return found, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return found, err
	}
	return found, files.Write(filepath.Join(dir, name.Own()), found.Write)
}
