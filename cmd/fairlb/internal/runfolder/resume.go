package runfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"fairlb/agents/checkpoint"
	"fairlb/agents/nn/simd"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/file"
	"fairlb/results/record"
	"fairlb/results/text"
	"fairlb/results/tfevents"
	"fairlb/train"
)

// UnresumableError is what keeps a run from going on with what its folder holds:
// other settings, or damage.
type UnresumableError struct{ Err error }

// Error implements error.
func (e *UnresumableError) Error() string { return e.Err.Error() }

// Unwrap returns the error in what the folder holds.
func (e *UnresumableError) Unwrap() error { return e.Err }

// asUnresumable marks an error in reading what a run has left, if other files
// would mend it.
func asUnresumable(err error) error {
	if invalid.Is(err) {
		return &UnresumableError{err}
	}
	return err
}

// resume opens the files of the folder's run. The state is nil if the run is at
// its beginning, and complete tells that it is at its end.
func (t *Training) resume() (rounds roundLog, state *train.State, complete bool, err error) {
	if err := errors.Join(t.removeTemporaries(), t.checkSettings()); err != nil {
		return rounds, nil, false, err
	}
	if complete, err = t.complete(); err != nil || complete {
		return rounds, nil, complete, err
	}
	rounds, state, err = t.openAtState()
	return rounds, state, false, err
}

// checkSettings reports settings that are not those that the folder holds, if it
// holds any.
func (t *Training) checkSettings() error {
	kept, err := Hyperparameters(t.Dir)
	if err == nil {
		err = sameSettings(t.path(HyperparametersName), kept, t.Hyperparameters)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	keptScenario, err := Scenario(t.Dir)
	if err == nil {
		err = sameSettings(t.path(ScenarioName), keptScenario, t.Scenario)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// openAtState opens the files of a run that was stopped, and cuts off the rounds
// that they have after its last saved state. A run that was stopped before its
// first checkpoint begins anew.
func (t *Training) openAtState() (rounds roundLog, state *train.State, err error) {
	state, err = train.LoadState(t.path(train.StateName))
	if errors.Is(err, fs.ErrNotExist) {
		if err := t.checkNothingLearned(); err != nil {
			return rounds, nil, err
		}
		rounds, err = t.begin()
		return rounds, nil, err
	}
	if err != nil {
		return rounds, nil, t.unusableState(err)
	}
	if err := t.sameArithmetic(state); err != nil {
		return rounds, nil, err
	}
	h, err := train.LoadHyperparameters(t.path(train.StateName)+" (settings)", []byte(state.Settings), nil)
	if err != nil {
		return rounds, nil, err
	}
	if !isEarlier(&t.Hyperparameters, h) {
		if err := sameSettings(t.path(train.StateName), h, t.Hyperparameters); err != nil {
			return rounds, nil, err
		}
	}
	if same, err := isScenario(state.ScenarioHash, t.Scenario); err != nil {
		return rounds, nil, err
	} else if !same {
		return rounds, nil, invalid.Errorf("%s: is not the scenario that the run was begun in", t.path(ScenarioName))
	}
	if rounds.record, err = record.Resume(t.path(RecordName), state.Rounds); err != nil {
		return rounds, nil, err
	}
	rounds.events, err = tfevents.Append(t.path(tfevents.FileName), int64(state.Episodes+1))
	if errors.Is(err, fs.ErrNotExist) {
		rounds.events, err = tfevents.Create(t.path(tfevents.FileName), time.Now())
	}
	if err != nil {
		return rounds, nil, errors.Join(err, rounds.record.Close())
	}
	return rounds, state, nil
}

// unusableState says, of a run whose state is at fault, what can still be done.
func (t *Training) unusableState(err error) error {
	if !errors.Is(err, train.ErrState) {
		return err
	}
	kept := ""
	if meta, _, err := checkpoint.Load(t.path(train.CheckpointName)); err == nil {
		kept = fmt.Sprintf(" (%s is whole: the policy of %s)", train.CheckpointName, text.Count(meta.Episode, "episode"))
	}
	return invalid.Errorf("%w: the run cannot go on%s; %s", err, kept, t.trainAgain())
}

// trainAgain says how a run can be made again.
func (t *Training) trainAgain() string {
	return fmt.Sprintf("train it anew into another folder: fairlb train %s --out FOLDER", t.path(HyperparametersName))
}

// sameArithmetic refuses a state that was made by another arithmetic: from it
// the run would go on, but not to the bytes of one that was never stopped.
func (t *Training) sameArithmetic(state *train.State) error {
	arithmetic := train.Arithmetic()
	if state.Arithmetic == arithmetic {
		return nil
	}
	return invalid.Errorf("%s: the run was made with %s, this process computes with %s, which rounds differently: %s, or %s",
		t.path(train.StateName), state.Arithmetic, arithmetic, arithmeticRemedy(state.Arithmetic, os.Getenv(simd.Variable)), t.trainAgain())
}

// arithmeticRemedy says how to compute with an arithmetic that is not this
// process's, where the environment gives simd.Variable that value.
func arithmeticRemedy(arithmetic, variable string) string {
	switch {
	case arithmetic == simd.Plain+" on "+runtime.GOARCH:
		return fmt.Sprintf("set %s=%s", simd.Variable, simd.Plain)
	case variable != "":
		return fmt.Sprintf("go on without %s=%s in the environment", simd.Variable, variable)
	}
	return "go on on a machine that has that"
}

// checkNothingLearned reports a run without a state whose checkpoint has learned
// something, which would be lost if the run began anew.
func (t *Training) checkNothingLearned() error {
	meta, _, err := checkpoint.Load(t.path(train.CheckpointName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case meta.Episode > 0:
		return invalid.Errorf("%s: cannot go on: there is no %s beside the checkpoint of %d episodes", t.Dir, train.StateName, meta.Episode)
	}
	return nil
}

// complete says whether the run has been made to its end, and removes a state that
// is not that of the end: a crash may have left it.
func (t *Training) complete() (bool, error) {
	meta, _, err := checkpoint.Load(t.path(train.CheckpointName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if errors.Is(err, checkpoint.ErrCorrupt) {
		if _, stateErr := train.LoadState(t.path(train.StateName)); stateErr == nil {
			err = fmt.Errorf("%w; remove it, and the run goes on from its %s", err, train.StateName)
		} else {
			err = fmt.Errorf("%w; %s", err, t.trainAgain())
		}
	}
	if err != nil || meta.Episode < t.Hyperparameters.Episodes {
		return false, err
	}
	if state, err := train.LoadState(t.path(train.StateName)); err == nil && state.Episodes == meta.Episode {
		return true, nil
	}
	if err := os.Remove(t.path(train.StateName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, nil
}

// removeTemporaries removes what a crash in the middle of writing has left.
func (t *Training) removeTemporaries() error {
	return file.RemoveTemporaries(t.Dir, HyperparametersName, ScenarioName, train.StateName, train.CheckpointName, train.BestName, train.BeginningName)
}

// resumed returns the run that --resume means: that of the folder, whose settings are
// those of the recipe, if one is named, under the overrides.
func resumed(o Order) (Training, error) {
	t := Training{Dir: o.Dir, KeepState: true, FinalState: SmallState, Resume: true}
	var err error
	if o.File == "" {
		t.Hyperparameters, err = ownHyperparameters(o.Dir, o.Overrides)
	} else {
		t.Hyperparameters, err = LoadHyperparameters(o.File, o.Overrides)
	}
	if err != nil {
		return t, err
	}
	if o.File == "" {
		t.Scenario, err = Scenario(o.Dir)
	}
	if o.File != "" || errors.Is(err, fs.ErrNotExist) {
		t.Scenario, err = TrainingScenario(&t.Hyperparameters)
	}
	if err != nil {
		return t, err
	}
	if o.File != "" {
		if err := t.beginAt(o); err != nil {
			return t, err
		}
	}
	if t.Dir == "" {
		t.Dir = filepath.Join("runs", Name(&t.Hyperparameters))
	}
	return t, t.checkSettings()
}
