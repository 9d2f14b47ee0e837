package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"fairlb/agents/checkpoint"
	"fairlb/agents/nn/simd"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/train"
)

// trainJob is a training run that is to be made, or to go on.
type trainJob struct {
	hyper     train.Hyperparameters
	scenario  scenario.Scenario
	dir       string   // the run's folder
	command   []string // for the record
	workers   int
	resumable bool // whether the run leaves the state that it can go on from
	resume    bool // go on with the run that the folder holds, if it does

	wentOn func(episodes int) // told, if not nil, where a run goes on
}

// leftoverError is what keeps a run from going on with what its folder holds:
// other settings, or damage.
type leftoverError struct{ error }

func (e leftoverError) Unwrap() error { return e.error }

// leftover marks an error in reading what a run has left, if other files would
// mend it.
func leftover(err error) error {
	if exitCode(err) == exitUsage {
		return leftoverError{err}
	}
	return err
}

// pickUp opens the files of the folder's run. The state is nil if it is at its
// beginning, and whole tells that it is at its end.
func (j *trainJob) pickUp() (log roundLog, state *train.State, whole bool, err error) {
	if err := errors.Join(j.tidy(), j.fits()); err != nil {
		return log, nil, false, err
	}
	if whole, err = j.whole(); err != nil || whole {
		return log, nil, whole, err
	}
	log, state, err = j.goOn()
	return log, state, false, err
}

// fits reports settings that are not those that the folder holds, if it does.
func (j *trainJob) fits() error {
	hyper, err := runHyper(j.dir)
	if err == nil {
		err = sameSettings(j.path(hyperName), hyper, j.hyper)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	world, err := scenario.Load(j.path(scenarioName), nil)
	if err == nil {
		err = sameSettings(j.path(scenarioName), world, j.scenario)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// path is that of a file of the run.
func (j *trainJob) path(name string) string { return filepath.Join(j.dir, name) }

// begin makes the files of a new run.
func (j *trainJob) begin() (log roundLog, err error) {
	if err := writeSettings(j.path(hyperName), j.hyper); err != nil {
		return log, err
	}
	if err := writeSettings(j.path(scenarioName), j.scenario); err != nil {
		return log, err
	}
	if err := os.Remove(j.path(train.StateName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return log, err
	}
	if log.record, err = createRecord(j.path(recordName), j.hyper, j.command, j.resume); err != nil {
		return log, err
	}
	if log.board, err = tfevents.Create(j.path(tfevents.FileName), time.Now()); err != nil {
		return log, errors.Join(err, log.record.Close())
	}
	return log, nil
}

// goOn opens the files of a run that was stopped, without what they have behind
// its state. A run that was stopped before its first checkpoint begins anew.
func (j *trainJob) goOn() (log roundLog, state *train.State, err error) {
	state, err = train.LoadState(j.path(train.StateName))
	if errors.Is(err, fs.ErrNotExist) {
		if err := j.startsAnew(); err != nil {
			return log, nil, err
		}
		log, err = j.begin()
		return log, nil, err
	}
	if err != nil {
		return log, nil, j.stuck(err)
	}
	if err := j.sameArithmetic(state); err != nil {
		return log, nil, err
	}
	h, err := train.LoadHyperparameters(j.path(train.StateName)+" (settings)", []byte(state.Settings), nil)
	if err != nil {
		return log, nil, err
	}
	if err := sameSettings(j.path(train.StateName), h, j.hyper); err != nil {
		return log, nil, err
	}
	if world, err := settings.Hash(j.scenario); err != nil {
		return log, nil, err
	} else if world != state.ScenarioHash {
		return log, nil, usage("%s: is not the scenario that the run was begun in", j.path(scenarioName))
	}
	if log.record, err = record.Resume(j.path(recordName), state.Rounds); err != nil {
		return log, nil, err
	}
	log.board, err = tfevents.Append(j.path(tfevents.FileName), int64(state.Episodes+1))
	if errors.Is(err, fs.ErrNotExist) {
		log.board, err = tfevents.Create(j.path(tfevents.FileName), time.Now())
	}
	if err != nil {
		return log, nil, errors.Join(err, log.record.Close())
	}
	return log, state, nil
}

// stuck says, of a run whose state is the fault, what can still be done.
func (j *trainJob) stuck(err error) error {
	if !errors.Is(err, train.ErrState) {
		return err
	}
	kept := ""
	if meta, _, err := checkpoint.Load(j.path(train.CheckpointName)); err == nil {
		kept = fmt.Sprintf(" (%s is whole: the policy of %s)", train.CheckpointName, count(meta.Episode, "episode"))
	}
	return usage("%w: the run cannot go on%s; %s", err, kept, j.anew())
}

// anew says how a run can be made again.
func (j *trainJob) anew() string {
	return fmt.Sprintf("train it anew into another folder: fairlb train %s --out FOLDER", j.path(hyperName))
}

// sameArithmetic refuses a state that was made by another arithmetic: from it
// the run would go on, but not to the bytes of one that was never stopped.
func (j *trainJob) sameArithmetic(state *train.State) error {
	here := train.Arithmetic()
	if state.Arithmetic == here {
		return nil
	}
	return usage("%s: the run was made with %s, this process computes with %s, which rounds differently: %s, or %s",
		j.path(train.StateName), state.Arithmetic, here, wayBack(state.Arithmetic, os.Getenv(simd.Variable)), j.anew())
}

// wayBack says how to compute with an arithmetic again that is not this
// process's, under a value of simd.Variable.
func wayBack(arithmetic, variable string) string {
	switch {
	case arithmetic == simd.Plain+" on "+runtime.GOARCH:
		return fmt.Sprintf("set %s=%s", simd.Variable, simd.Plain)
	case variable != "":
		return fmt.Sprintf("go on without %s=%s in the environment", simd.Variable, variable)
	}
	return "go on on a machine that has that"
}

// startsAnew reports a run without a state whose checkpoint has learned: to
// begin it anew would lose that.
func (j *trainJob) startsAnew() error {
	meta, _, err := checkpoint.Load(j.path(train.CheckpointName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case meta.Episode > 0:
		return usage("%s: cannot go on: there is no %s beside the checkpoint of %d episodes", j.dir, train.StateName, meta.Episode)
	}
	return nil
}

// whole says whether the run has been made to its end, of which a crash may
// have left the state.
func (j *trainJob) whole() (bool, error) {
	meta, _, err := checkpoint.Load(j.path(train.CheckpointName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if errors.Is(err, checkpoint.ErrCorrupt) {
		if _, stateErr := train.LoadState(j.path(train.StateName)); stateErr == nil {
			err = fmt.Errorf("%w; remove it, and the run goes on from its %s", err, train.StateName)
		} else {
			err = fmt.Errorf("%w; %s", err, j.anew())
		}
	}
	if err != nil || meta.Episode < j.hyper.Episodes {
		return false, err
	}
	if err := os.Remove(j.path(train.StateName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, nil
}

// tidy removes what a crash in the middle of writing has left.
func (j *trainJob) tidy() error {
	for _, name := range []string{hyperName, scenarioName, train.StateName, train.CheckpointName, train.BestName} {
		left, err := filepath.Glob(j.path("." + name + "-*"))
		if err != nil {
			return err
		}
		for _, file := range left {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// resumeJob returns the run that --resume means: that of the folder dir, whose
// settings are those of file, if one is named, under the overrides.
func resumeJob(dir, file string, set []string) (trainJob, error) {
	j := trainJob{dir: dir, resumable: true, resume: true}
	from := file
	if from == "" {
		from = j.path(hyperName)
	}
	var err error
	if j.hyper, err = loadHyper(from, set); err != nil {
		return j, err
	}
	if j.dir == "" {
		j.dir = filepath.Join("runs", runName(&j.hyper))
	}
	if file == "" {
		j.scenario, err = scenario.Load(j.path(scenarioName), nil)
	}
	if file != "" || errors.Is(err, fs.ErrNotExist) {
		j.scenario, err = trainingScenario(&j.hyper)
	}
	if err != nil {
		return j, err
	}
	return j, j.fits()
}

// sameSettings reports the fields in which settings differ from those that a
// file of the run holds.
func sameSettings(path string, kept, given any) error {
	changed, err := differences(kept, given)
	if err != nil || len(changed) == 0 {
		return err
	}
	var fields []string
	for _, d := range changed {
		fields = append(fields, fmt.Sprintf("%s = %s, the run has %s", d.path, d.value, d.usual))
	}
	return usage("%s: cannot go on with other settings: %s", path, strings.Join(fields, "; "))
}

// loadHyper reads a hyperparameter file, with overrides.
func loadHyper(path string, set []string) (train.Hyperparameters, error) {
	data, err := settings.ReadFile(path)
	if err != nil {
		return train.Hyperparameters{}, err
	}
	return train.LoadHyperparameters(path, data, set, checkScenario)
}
