// Package bounds refuses work that would take more memory or time than the
// limits allow, before anything of it is allocated or begun: a training, the
// episodes of an evaluation or a search, the learner that a checkpoint needs.
// What they take is said by the packages that do it (package estimate); this
// one sums. The limits are estimate.DefaultLimits, which lie far above all that
// is shipped, or what the environment sets (FAIRLB_MAX_MEMORY and the like);
// a worker of a queue has its own.
//
// Another kind of work is a function here, called where it begins.
package bounds

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"fairlb/agents"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/train"
)

// CheckEnvironment reports a variable of the environment that is not a limit.
func CheckEnvironment() error {
	_, err := estimate.ParseLimits(os.Getenv)
	return err
}

// Check returns an *estimate.ExceededError if an estimate is above the limits.
func Check(e estimate.Estimate) error {
	limits, err := estimate.ParseLimits(os.Getenv)
	if err != nil {
		return err
	}
	return limits.Check(e)
}

// Episodes checks so many episodes in a scenario, of which as many as atATime
// are played at once. agents says whether agents act in some of them. Count
// names what the number of episodes comes from.
func Episodes(s scenario.Scenario, agents bool, count string, episodes float64, atATime int) error {
	one := s.Estimate(agents)
	var e estimate.Estimate
	e.Include(one, math.Min(float64(atATime), episodes), estimate.Memory)
	for _, p := range one.Parts {
		if p.Quantity == estimate.Events {
			e.Add(p.Quantity, p.Name, append([]string{count}, p.Fields...), p.Amount, episodes)
		}
	}
	if err := Check(e); err != nil {
		return fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	return nil
}

// Environment checks one episode in a scenario.
func Environment(s scenario.Scenario, agents bool) error {
	if err := Check(s.Estimate(agents)); err != nil {
		return fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	return nil
}

// OfTraining returns what a training takes that plays so many episodes at a
// time.
func OfTraining(h *train.Hyperparameters, s scenario.Scenario, workers int) (estimate.Estimate, error) {
	return h.Estimate(s.Spec(), s.Estimate(true), workers)
}

// Training checks a training.
func Training(h *train.Hyperparameters, s scenario.Scenario, workers int) error {
	e, err := OfTraining(h, s, workers)
	if err != nil {
		return err
	}
	return Check(e)
}

// Policy checks the learner that a policy of trained parameters is put into.
func Policy(method string, s methods.Settings, spec env.Spec) error {
	e, err := methods.Estimate(method, s, spec, agents.Schedule{})
	if err != nil {
		return err
	}
	return Check(e)
}

// Fault is a training that would take too much, as the fault of one setting.
type Fault struct {
	Path string // in a hyperparameter file
	Rule string
}

// FaultOf returns which setting to blame for a training that the limits refuse,
// nil if they do not: of the settings whose product is the largest part, the
// first that is not the default. What else is wrong with the hyperparameters is
// not said: they are to be judged by their own rules first.
func FaultOf(h *train.Hyperparameters, s scenario.Scenario, workers int) *Fault {
	var exceeded *estimate.ExceededError
	if !errors.As(Training(h, s, workers), &exceeded) {
		return nil
	}
	fields := exceeded.Parts[0].Fields
	path := fields[0]
	standard := train.DefaultHyperparameters()
	for _, f := range fields {
		if rest, ok := strings.CutPrefix(f, "scenario."); ok && setsScenario(h, rest) || !ok && valueOf(h, f) != valueOf(&standard, f) {
			path = f
			break
		}
	}
	if strings.HasPrefix(path, "scenario.") {
		path = "scenario"
	}
	return &Fault{path, exceeded.Error()}
}

// setsScenario says whether an override changes a field of the scenario, or what
// is below it.
func setsScenario(h *train.Hyperparameters, field string) bool {
	return field == "duration" && h.EpisodeDuration != train.DefaultHyperparameters().EpisodeDuration || slices.ContainsFunc(h.ScenarioSet, func(override string) bool {
		return strings.HasPrefix(strings.TrimSpace(override), field)
	})
}

// valueOf returns the value of a path of a hyperparameter file, as JSON; empty if
// it has none.
func valueOf(h *train.Hyperparameters, path string) string {
	value, err := settings.JSON(h)
	for name := range strings.SplitSeq(path, ".") {
		var fields map[string]json.RawMessage
		if err == nil {
			err = json.Unmarshal(value, &fields)
		}
		value = fields[name]
	}
	if err != nil {
		return ""
	}
	return string(value)
}
