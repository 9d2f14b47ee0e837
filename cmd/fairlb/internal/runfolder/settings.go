package runfolder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/train"
)

// LoadHyperparameters reads a hyperparameter file, or the shipped recipe of that
// name, with overrides, and checks the scenario that it names.
func LoadHyperparameters(path string, overrides []string) (train.Hyperparameters, error) {
	place, data, err := ReadRecipe("", path)
	if err != nil {
		return train.Hyperparameters{}, err
	}
	return train.LoadHyperparameters(place, data, overrides, checkScenario, train.CheckRetired)
}

// loadForTraining is LoadHyperparameters for a run that is to be made, which
// must not take more than the limits allow.
func loadForTraining(path string, overrides []string) (train.Hyperparameters, error) {
	place, data, err := ReadRecipe("", path)
	if err != nil {
		return train.Hyperparameters{}, err
	}
	return train.LoadHyperparameters(place, data, overrides, checkScenario, train.CheckRetired, checkSize)
}

// checkSize implements train.Check: what the limits refuse.
func checkSize(h *train.Hyperparameters, _ int, report func(path string, value any, rule string)) {
	if settings.Faults(errInvalid, h) != nil {
		return // of what breaks a rule nobody can say what it takes
	}
	s, err := TrainingScenario(h)
	if err != nil {
		return // as checkScenario reports
	}
	if fault := bounds.FaultOf(h, s, runtime.GOMAXPROCS(0)); fault != nil {
		report(fault.Path, nil, fault.Rule)
	}
}

// errInvalid is the kind of faults that are reported elsewhere.
var errInvalid = errors.New("invalid hyperparameters")

// Hyperparameters reads the resolved hyperparameters of a run's folder. The
// scenario that they name may be anywhere, or gone: that which the run is of is
// in the folder.
func Hyperparameters(dir string) (train.Hyperparameters, error) {
	return ownHyperparameters(dir, nil)
}

// ownHyperparameters is Hyperparameters under overrides.
func ownHyperparameters(dir string, overrides []string) (train.Hyperparameters, error) {
	path := filepath.Join(dir, HyperparametersName)
	data, err := settings.ReadFile(path)
	if err != nil {
		return train.Hyperparameters{}, err
	}
	return train.LoadHyperparameters(path, data, overrides)
}

// TrainingScenario returns the scenario that a hyperparameter file trains in.
func TrainingScenario(h *train.Hyperparameters) (scenario.Scenario, error) {
	set := h.ScenarioSet
	if k := durationOverride(h, len(set)); k >= 0 {
		return scenario.Scenario{}, invalid.Errorf("scenario.%s: %s", set[k], durationTwice(h))
	}
	if h.EpisodeDuration > 0 {
		set = append(set[:len(set):len(set)], fmt.Sprintf("duration=%g", h.EpisodeDuration))
	}
	s, err := scenario.Load(h.Scenario, set)
	if err != nil {
		return s, invalid.Errorf("%w", Relocated(err, func(e *settings.Error) {
			switch {
			case h.EpisodeDuration > 0 && e.Path == "duration":
				e.Place = "episode_duration"
			case e.Place == "--set":
				e.Path = "scenario." + e.Path
			}
		}))
	}
	return s, nil
}

// Relocated lets relocate correct the place and path of each fault of settings:
// overrides that a command makes stand for something else that the user wrote.
func Relocated(err error, relocate func(*settings.Error)) error {
	var faults settings.Errors
	if errors.As(err, &faults) {
		for k := range faults {
			relocate(&faults[k])
		}
	}
	return err
}

// checkScenario implements train.Check: the faults of the scenario that a
// hyperparameter file names and changes. Those of overrides on the command line
// are left to TrainingScenario.
func checkScenario(h *train.Hyperparameters, own int, report func(path string, value any, rule string)) {
	if h.Scenario == "" || !(h.EpisodeDuration >= 0 && h.EpisodeDuration <= math.MaxFloat64) {
		return // the hyperparameters' own rules report that
	}
	var faults settings.Errors
	if _, err := scenario.Load(h.Scenario, nil); err != nil && !errors.As(err, &faults) {
		report("scenario", h.Scenario, strings.TrimPrefix(err.Error(), fmt.Sprintf("scenario %q: ", h.Scenario)))
		return
	}
	if k := durationOverride(h, own); k >= 0 {
		report(fmt.Sprintf("scenario_set[%d]", k), h.ScenarioSet[k], durationTwice(h))
		return
	}
	_, err := TrainingScenario(h)
	errors.As(err, &faults)
	for _, f := range faults {
		culprit := -1 // the override whose fault it is
		for k, override := range h.ScenarioSet {
			path, _, _ := strings.Cut(override, "=")
			if path = "scenario." + strings.TrimSpace(path); f.Path == path || strings.HasPrefix(f.Path, path+".") || strings.HasPrefix(f.Path, path+"[") {
				culprit = k
			}
		}
		switch {
		case f.Place == "episode_duration":
			report("episode_duration", h.EpisodeDuration, f.Rule)
		case f.Place != "--set":
			report("scenario", h.Scenario, f.Error())
		case culprit >= 0 && culprit < own:
			report(fmt.Sprintf("scenario_set[%d]", culprit), h.ScenarioSet[culprit], f.Rule)
		case culprit < 0 && len(h.ScenarioSet) == own: // the overrides are at fault together
			report("scenario_set", nil, strings.TrimPrefix(f.Error(), "--set: "))
		}
	}
}

// durationOverride returns which of the first overrides of the scenario says how
// long an episode is although episode_duration does; -1 if none.
func durationOverride(h *train.Hyperparameters, first int) int {
	return slices.IndexFunc(h.ScenarioSet[:first], func(override string) bool {
		return h.EpisodeDuration > 0 && strings.HasPrefix(strings.TrimSpace(override), "duration=")
	})
}

func durationTwice(h *train.Hyperparameters) string {
	return fmt.Sprintf("episode_duration = %g gives the length of training episodes: set that instead, or set it to 0", h.EpisodeDuration)
}

// Name names a run after what it trains.
func Name(h *train.Hyperparameters) string {
	name := fmt.Sprintf("%s-%s-%s-seed%d", h.Method, strings.ReplaceAll(h.RewardName(), " ", "-"), files.Name(h.Scenario), h.Seed)
	if h.From != "" {
		name += fmt.Sprintf("-from-%.8s", h.From)
	}
	return name
}

// Recipe names what training runs share that differ in their seed alone.
func Recipe(h train.Hyperparameters) (string, error) {
	h.Seed = 0
	key, err := h.Key()
	return fmt.Sprintf("%s %s %s", h.MethodName(), h.RewardName(), key[:min(8, len(key))]), err
}

// sameSettings reports the fields in which settings differ from those that a
// file of the run holds.
func sameSettings(path string, kept, given any) error {
	changed, err := Differences(kept, given)
	if err != nil || len(changed) == 0 {
		return err
	}
	var fields []string
	for _, d := range changed {
		fields = append(fields, fmt.Sprintf("%s = %s, the run has %s", d.Path, d.Value, d.Base))
	}
	return invalid.Errorf("%s: cannot go on with other settings: %s", path, strings.Join(fields, "; "))
}

// Difference is a setting whose value is not that of other settings. Values are
// JSON, or a dash where one of the two leaves the setting out.
type Difference struct{ Path, Value, Base string }

// Differences lists where settings h differ from base, in the struct's order.
func Differences(base, h any) ([]Difference, error) {
	a, err := settings.JSON(base)
	if err != nil {
		return nil, err
	}
	b, err := settings.JSON(h)
	if err != nil {
		return nil, err
	}
	before, err := leaves(a)
	if err != nil {
		return nil, err
	}
	after, err := leaves(b)
	if err != nil {
		return nil, err
	}
	valueBefore, known := make(map[string]string, len(before)), make(map[string]bool, len(after))
	for _, l := range before {
		valueBefore[l.path] = l.value
	}
	var out []Difference
	for _, l := range after {
		known[l.path] = true
		value, ok := valueBefore[l.path]
		if !ok {
			value = "-"
		}
		if value != l.value {
			out = append(out, Difference{l.path, l.value, value})
		}
	}
	for _, l := range before {
		if !known[l.path] {
			out = append(out, Difference{l.path, "-", l.value})
		}
	}
	return out, nil
}

// leaf is a value of a JSON object, however deep, that is no object itself.
type leaf struct{ path, value string }

// leaves lists what a JSON object holds, in its order.
func leaves(object json.RawMessage) ([]leaf, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.Join(err, fmt.Errorf("settings: %s is no object", object))
	}
	var out []leaf
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if value[0] != '{' {
			out = append(out, leaf{fmt.Sprint(key), string(value)})
			continue
		}
		inner, err := leaves(value)
		if err != nil {
			return nil, err
		}
		for _, l := range inner {
			out = append(out, leaf{fmt.Sprintf("%v.%s", key, l.path), l.value})
		}
	}
	return out, nil
}
