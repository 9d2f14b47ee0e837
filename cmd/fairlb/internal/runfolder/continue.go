package runfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/settings"
	"fairlb/train"
)

// continued returns the run that --continue means: that of the folder, at its end, with
// more episodes.
func continued(o Order) (Training, error) {
	t := Training{Dir: o.Dir, KeepState: true, FinalState: SmallState, Resume: true, Continue: true}
	switch {
	case o.Resume:
		return t, invalid.Errorf("--continue and --resume: give one; a run that --continue has begun to go on with, and that was stopped, goes on by --resume")
	case o.From != "":
		return t, invalid.Errorf("--continue and --from: a run that goes on has begun already")
	case o.Dir == "" || o.File != "":
		return t, invalid.Errorf("--continue: name the run's folder with --out, and no hyperparameter file")
	}
	kept, err := ownHyperparameters(o.Dir, nil)
	if err != nil {
		return t, err
	}
	h := &t.Hyperparameters
	if *h, err = ownHyperparameters(o.Dir, o.Overrides); err != nil {
		return t, err
	}
	changed, err := Differences(kept, *h)
	if err != nil {
		return t, err
	}
	changed = slices.DeleteFunc(changed, func(d Difference) bool { return d.Path == "episodes" })
	if len(changed) > 0 {
		return t, invalid.Errorf("--continue: only episodes may change, other settings stay as they are: %s = %s, the run has %s", changed[0].Path, changed[0].Value, changed[0].Base)
	}
	if h.Episodes <= kept.Episodes {
		return t, invalid.Errorf("--continue: episodes = %d: must be above those of the run, %d: --set episodes=N", h.Episodes, kept.Episodes)
	}
	h.Continued = append(slices.Clone(h.Continued), kept.Episodes)
	t.Scenario, err = Scenario(o.Dir)
	return t, err
}

// extend gives the run of the folder, which must be at its end and have its state, the
// new number of episodes. From then on it is a run that was stopped, and --resume
// goes on with it.
func (t *Training) extend() error {
	kept, err := Hyperparameters(t.Dir)
	if err != nil {
		return err
	}
	before := t.Hyperparameters.Earlier()
	if err := sameSettings(t.path(HyperparametersName), kept, before[len(before)-1]); err != nil {
		return err
	}
	meta, _, err := checkpoint.Load(t.path(train.CheckpointName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if meta.Episode < kept.Episodes {
		return invalid.Errorf("%s: the run is not at its end, but behind episode %d of %d: go on with it by --resume first", t.Dir, meta.Episode, kept.Episodes)
	}
	state, err := train.LoadState(t.path(train.StateName))
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && state.Episodes != kept.Episodes:
		return invalid.Errorf("%s: there is no %s of the run's end, from which it could go on: it is left where it has at most %d MiB, or with --keep-state; %s",
			t.Dir, train.StateName, SmallState>>20, t.beginAnotherRun())
	case err != nil:
		return invalid.Errorf("%w: the run cannot go on; %s", err, t.beginAnotherRun())
	}
	if err := t.sameArithmetic(state); err != nil {
		return err
	}
	return writeSettings(t.path(HyperparametersName), t.Hyperparameters)
}

// beginAnotherRun says how another run can begin at the policy of this one.
func (t *Training) beginAnotherRun() string {
	return fmt.Sprintf("another run can begin at its policy: fairlb train %s --from %s --out FOLDER", t.path(HyperparametersName), t.Dir)
}

// isEarlier says whether settings are those that a run of settings h had before it went
// on beyond an end.
func isEarlier(h *train.Hyperparameters, other train.Hyperparameters) bool {
	return slices.ContainsFunc(h.Earlier(), func(before train.Hyperparameters) bool {
		own, err1 := settings.Hash(before)
		hash, err2 := settings.Hash(other)
		return err1 == nil && err2 == nil && own == hash
	})
}
