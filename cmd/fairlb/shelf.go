package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/singleflight"

	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/eval/episodes"
	"fairlb/train"
)

// shelf is a folder that keeps runs: a folder a training run, a file an
// evaluation, each named by the hash of all that it depends on, so that nothing
// is done twice and nothing stale is used.
type shelf struct {
	dir      string
	training *singleflight.Group // runs that are being made, by folder: several jobs may want one
	farm     *farm               // that does what the folder lacks; nil: this process does
	workers  int                 // at a time in this process; 0: GOMAXPROCS
}

func newShelf(dir string) shelf { return shelf{dir: dir, training: new(singleflight.Group)} }

// atOnce is how many jobs are begun at a time.
func (b shelf) atOnce() int {
	switch {
	case b.farm != nil:
		return ahead
	case b.workers > 0:
		return b.workers
	}
	return runtime.GOMAXPROCS(0)
}

// newBar is the app's, but for a farm, which shows each of its jobs.
func (b shelf) newBar(a *app, what string, total int) *bar {
	if b.farm != nil {
		return &bar{}
	}
	return a.newBar(what, total)
}

// place returns the folder of a training run, and whether it is there. A run
// is made under another name and renamed when it is whole.
func (b shelf) place(h train.Hyperparameters) (dir string, s scenario.Scenario, there bool, err error) {
	if s, err = trainingScenario(&h); err != nil {
		return "", s, false, err
	}
	hash, err := trainingHash(&h, s)
	if err != nil {
		return "", s, false, err
	}
	dir = filepath.Join(b.dir, "train", runName(&h)+"-"+hash[:12])
	_, missing := os.Stat(filepath.Join(dir, train.CheckpointName))
	return dir, s, missing == nil, nil
}

// trainingHash names all that a training run depends on.
func trainingHash(h *train.Hyperparameters, s scenario.Scenario) (string, error) {
	key, err := h.Key()
	if err != nil {
		return "", err
	}
	return settings.Hash(struct {
		Hyper    string            `yaml:"hyper"`
		Scenario scenario.Scenario `yaml:"scenario"`
	}{key, s})
}

// trained returns the folder of a training run, after making it if need be. Title
// is what a queue's board calls it.
func (b shelf) trained(ctx context.Context, a *app, h train.Hyperparameters, title string) (string, error) {
	dir, s, there, err := b.place(h)
	if err == nil && b.farm != nil {
		err = b.farm.train(ctx, dir, h, s, title, there)
		there = err == nil
	}
	switch {
	case err != nil:
		return dir, err
	case there: // where this process had begun it and others ended it, its part is left
		return dir, os.RemoveAll(partialName(dir))
	}
	_, err, _ = b.training.Do(dir, func() (any, error) {
		if _, err := os.Stat(dir); err == nil {
			return nil, nil // another job was quicker
		}
		if err := ctx.Err(); err != nil {
			return nil, err // nothing is begun any more
		}
		return nil, a.trainOn(ctx, h, s, dir)
	})
	return dir, err
}

// partialName is the folder in which the run of the folder dir is made.
func partialName(dir string) string { return dir + ".partial" }

// trainOn makes the run of the folder dir under another name until it is whole.
// One that was stopped goes on; what it has left is begun anew if it is of other
// settings or damaged.
func (a *app) trainOn(ctx context.Context, h train.Hyperparameters, s scenario.Scenario, dir string) error {
	job := trainJob{
		hyper: h, scenario: s, dir: partialName(dir), command: trainingCommand(dir), workers: 1, resumable: true, resume: true,
		wentOn: func(episodes int) { a.log.WithField("episodes", episodes).Infof("%s: going on", filepath.Base(dir)) },
	}
	err := a.silent().trainRun(ctx, job)
	if left := (leftoverError{}); errors.As(err, &left) {
		a.log.WithError(err).Warnf("%s: begun anew", filepath.Base(dir))
		if err := os.RemoveAll(job.dir); err != nil {
			return err
		}
		err = a.silent().trainRun(ctx, job)
	}
	if err != nil {
		return err
	}
	return os.Rename(job.dir, dir)
}

// trainingCommand is what makes the run of a folder again.
func trainingCommand(dir string) []string {
	return []string{"fairlb", "train", filepath.Join(dir, hyperName)}
}

// silent is the app for work inside other work, whose progress is its own.
func (a *app) silent() *app {
	return &app{stdout: io.Discard, stderr: io.Discard, log: newLogger(io.Discard)}
}

// subject is what is evaluated and what its record depends on.
type subject struct {
	name   string // of its method
	hash   string // of what else decides: a checkpoint's, say; empty for a heuristic
	target episodes.Target

	run     string    // the folder of a trained one's run
	title   string    // what a report calls it
	weights []float64 // of fixed weights, by server
}

// trainedSubject is the policy of a run's folder, which a report calls by
// title.
func trainedSubject(s scenario.Scenario, method, title, dir string) (subject, error) {
	t, err := keptTarget(s, title, dir)
	return subject{name: method, hash: t.hash, target: t.Target, run: dir, title: title}, err
}

// file is where an evaluation is kept.
func (b shelf) file(s scenario.Scenario, seeds []uint64, what subject) (string, error) {
	key := what.hash
	if key == "" {
		key = what.name
	}
	hash, err := settings.Hash(struct {
		Subject  string            `yaml:"subject"`
		Scenario scenario.Scenario `yaml:"scenario"`
		Seeds    []uint64          `yaml:"seeds"`
	}{key, s, seeds})
	return filepath.Join(b.dir, "eval", fileName(what.name+"-"+s.Name)+"-"+hash[:min(12, len(hash))]+".json"), err
}

// kept returns the result of an evaluation that was made before, if it was.
func (b shelf) kept(s scenario.Scenario, seeds []uint64, what subject) (result eval.Result, there bool, err error) {
	file, err := b.file(s, seeds, what)
	if err != nil {
		return result, false, err
	}
	data, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return result, false, nil
	case err != nil:
		return result, false, err
	}
	var report eval.Evaluation
	if err := json.Unmarshal(data, &report); err != nil || len(report.Results) != 1 {
		return result, false, usage("%s: is not the record of an evaluation (%v); remove it", file, err)
	}
	return report.Results[0], true, nil
}

// evaluation returns the result of an evaluation, from the folder or from a
// run.
func (b shelf) evaluation(ctx context.Context, s scenario.Scenario, seeds []uint64, what subject) (eval.Result, error) {
	if result, there, err := b.kept(s, seeds, what); err != nil || there {
		return result, err
	}
	file, err := b.file(s, seeds, what)
	if err != nil {
		return eval.Result{}, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return eval.Result{}, err
	}
	if b.farm != nil {
		data, err := b.farm.evaluate(ctx, s, seeds, what)
		if err != nil {
			return eval.Result{}, err
		}
		if err := writeFile(file, func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
			return eval.Result{}, err
		}
		result, _, err := b.kept(s, seeds, what)
		return result, err
	}
	report, err := evaluated(ctx, s, seeds, what.target, nil)
	if err != nil {
		return eval.Result{}, err
	}
	return report.Results[0], writeFile(file, report.WriteJSON)
}

// evaluated evaluates one target.
func evaluated(ctx context.Context, s scenario.Scenario, seeds []uint64, what episodes.Target, progress func(done, of int)) (*eval.Evaluation, error) {
	list, err := episodes.Run(ctx, episodes.Config{Seeds: seeds, Classes: s.ClassNames(), Workers: 1, Progress: progress}, []episodes.Target{what})
	if err != nil {
		return nil, err
	}
	resolved, err := settings.JSON(s)
	if err != nil {
		return nil, err
	}
	return &eval.Evaluation{Scenario: s.Name, Settings: resolved, Seeds: seeds, DurationS: s.Duration, Results: list}, nil
}
