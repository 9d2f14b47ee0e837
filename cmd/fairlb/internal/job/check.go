package job

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"

	"fairlb/agents/checkpoint"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/results/record"
	"fairlb/train"
)

// What is stored for a job, or comes from a worker, is checked against the job:
// a file may have been changed, and a name or a key alone says nothing of what is
// in it.

// CheckRun reports a run in the folder dir that is not this training's: one of
// other settings, of another scenario or seed, or one that is not at its end.
func (t *Training) CheckRun(dir string) error {
	h, err := runfolder.Hyperparameters(dir)
	if err != nil {
		return err
	}
	s, err := runfolder.Scenario(dir)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, train.CheckpointName)
	meta, _, err := checkpoint.Load(path)
	if err != nil {
		return err
	}
	trained, err := train.LoadHyperparameters(path+" (settings)", []byte(meta.Settings), nil)
	if err != nil {
		return err
	}
	want, err := t.Key()
	if err != nil {
		return err
	}
	for _, is := range []struct {
		file string
		of   Training
	}{{runfolder.HyperparametersName, Training{Hyperparameters: h, Scenario: s, Live: t.Live}}, {train.CheckpointName, Training{Hyperparameters: trained, Scenario: s, Live: t.Live}}} {
		key, err := is.of.Key()
		if err != nil {
			return err
		}
		if key != want {
			return invalid.Errorf("%s: is of other settings, seed or scenario than the training %s", filepath.Join(dir, is.file), t.Title)
		}
	}
	if meta.TrainSeed != t.Hyperparameters.Seed || meta.Episode != t.Hyperparameters.Episodes {
		return invalid.Errorf("%s: holds what %d episodes of seed %d taught: the training has %d of seed %d", path, meta.Episode, meta.TrainSeed, t.Hyperparameters.Episodes, t.Hyperparameters.Seed)
	}
	return t.checkPlace(dir)
}

// checkPlace reports a run that was not made where the training is, as its record says:
// in the simulator, or on real traffic.
func (t *Training) checkPlace(dir string) error {
	path := filepath.Join(dir, runfolder.RecordName)
	rec, err := record.Read(path)
	switch {
	case err != nil && t.Live:
		return err
	case err == nil && runfolder.InRealTime(rec.Header.Command) != t.Live:
		return invalid.Errorf("%s: is of a training %s", path, place(!t.Live))
	}
	return nil
}

// CheckReport reads the report of an evaluation, JSON, and reports one that is
// damaged or of another evaluation.
func (e *Evaluation) CheckReport(data []byte) (eval.Result, error) {
	var report eval.Evaluation
	if err := json.Unmarshal(data, &report); err != nil {
		return eval.Result{}, invalid.Errorf("is not the record of an evaluation (%w)", err)
	}
	if len(report.Results) != 1 {
		return eval.Result{}, invalid.Errorf("is not the record of an evaluation (of one target, but of %d)", len(report.Results))
	}
	if err := report.Check(); err != nil {
		return eval.Result{}, invalid.Errorf("is not the record of an evaluation (%w)", err)
	}
	result := report.Results[0]
	same, err := sameScenario(report.Settings, e.Scenario)
	if err != nil {
		return eval.Result{}, err
	}
	known := append([]string{eval.AllClasses}, e.Scenario.ClassNames()...)
	unknown := slices.IndexFunc(result.Classes, func(f eval.Figures) bool { return !slices.Contains(known, f.Class) })
	switch {
	case !slices.Equal(report.Seeds, e.Seeds):
		return eval.Result{}, invalid.Errorf("is the record of an evaluation on other seeds")
	case !same:
		return eval.Result{}, invalid.Errorf("is the record of an evaluation in another scenario")
	case e.Run == nil && result.Target != e.Target.Name:
		return eval.Result{}, invalid.Errorf("is the record of an evaluation of %q", result.Target)
	case result.Live != e.Live:
		return eval.Result{}, invalid.Errorf("is the record of an evaluation %s", place(result.Live))
	case unknown >= 0:
		return eval.Result{}, invalid.Errorf("is not the record of an evaluation in the scenario, which has no class %q", result.Classes[unknown].Class)
	}
	if err := files.CheckSum(data); err != nil {
		return eval.Result{}, invalid.Errorf("is the record of an evaluation, but %w", err)
	}
	if e.Scenario.SameArrivals() && len(e.Seeds) > 1 {
		result.SetOneWorkload() // which older programs did not say
	}
	return result, nil
}

// place says in which environment an evaluation was made.
func place(live bool) string {
	if live {
		return "on real traffic"
	}
	return "in the simulator"
}

// sameScenario says whether the settings that a report has are those of a
// scenario, wherever its file and its traces are.
func sameScenario(reported any, s scenario.Scenario) (bool, error) {
	own, err := settings.JSON(s)
	if err != nil {
		return false, err
	}
	var want any
	if err := json.Unmarshal(own, &want); err != nil {
		return false, fmt.Errorf("settings of %s: %w", s.Name, err)
	}
	withoutPaths(want)
	withoutPaths(reported)
	return reflect.DeepEqual(want, reported), nil
}

// withoutPaths removes the names and the paths of traces from settings.
func withoutPaths(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, is := v["workload"]; is {
			delete(v, "name") // of the scenario; a class has one, too
		}
		delete(v, "trace")
		for _, inner := range v {
			withoutPaths(inner)
		}
	case []any:
		for _, inner := range v {
			withoutPaths(inner)
		}
	}
}

// CheckFound reads what a search has found, and reports what is damaged or does
// not fit the scenario.
func (x *Search) CheckFound(data []byte) (fixedweights.Found, error) {
	found, err := fixedweights.Read(data, x.Scenario, x.Settings)
	if err != nil {
		return found, invalid.Errorf("%w", err)
	}
	return found, nil
}
