package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"fairlb/env"
)

// Fingerprint is the part of an environment's Spec that a policy depends on.
type Fingerprint struct {
	Agents       int      `json:"agents"`        // number of LBs
	Servers      int      `json:"servers"`       // number of servers
	Features     []string `json:"features"`      // of an observation, in order, with units: "ongoing [requests]"
	StepInterval float64  `json:"step_interval"` // time between two actions, s
	Low          float64  `json:"low"`           // least weight of a server
	High         float64  `json:"high"`          // greatest weight of a server
}

// FingerprintOf returns the fingerprint of an environment.
func FingerprintOf(spec env.Spec) Fingerprint {
	features := make([]string, len(spec.Features))
	for i, f := range spec.Features {
		features[i] = f.Name
		if f.Unit != "" {
			features[i] += " [" + f.Unit + "]"
		}
	}
	return Fingerprint{
		Agents:       spec.Agents,
		Servers:      spec.Servers,
		Features:     features,
		StepInterval: spec.StepInterval,
		Low:          spec.Action.Low,
		High:         spec.Action.High,
	}
}

// Spec returns the Spec of an environment that f fits. It holds what a policy
// depends on and no more: a feature's unit is part of its name, and the number
// of steps is one.
func (f Fingerprint) Spec() env.Spec {
	spec := env.Spec{
		Agents: f.Agents, Servers: f.Servers, StepInterval: f.StepInterval, Steps: 1,
		Action: env.ActionSpec{Low: f.Low, High: f.High},
	}
	for _, name := range f.Features {
		spec.Features = append(spec.Features, env.Feature{Name: name})
	}
	return spec
}

// Check compares f, which is a checkpoint's, with the fingerprint of a scenario.
// The error wraps ErrMismatch and names everything in which they differ, but
// not the file.
func (f Fingerprint) Check(scenario Fingerprint) error {
	return Mismatch(append(f.otherShapes(scenario), f.otherScales(scenario)...))
}

// CheckLearning is Check for a policy that goes on learning in the scenario. The error
// is of what parameters have their shapes from: LBs, servers and features. In the step
// interval and in the bounds of weights the two may differ, and these differences are
// the doubts.
func (f Fingerprint) CheckLearning(scenario Fingerprint) (doubts []string, err error) {
	return f.otherScales(scenario), Mismatch(f.otherShapes(scenario))
}

// otherShapes lists the differences from a scenario in what the parameters of a policy
// have their shapes from.
func (f Fingerprint) otherShapes(scenario Fingerprint) (faults []string) {
	if f.Agents != scenario.Agents || f.Servers != scenario.Servers {
		faults = append(faults, difference(f.size(), scenario.size()))
	}
	if !slices.Equal(f.Features, scenario.Features) {
		faults = append(faults, difference(f.featuresNotIn(scenario),
			scenario.featuresNotIn(f)+" (this fairlb observes other things, so that the policy must be trained again)"))
	}
	return faults
}

// otherScales lists the other differences from a scenario.
func (f Fingerprint) otherScales(scenario Fingerprint) (faults []string) {
	if f.StepInterval != scenario.StepInterval {
		faults = append(faults, difference(fmt.Sprintf("steps of %g s", f.StepInterval), fmt.Sprintf("steps of %g s", scenario.StepInterval)))
	}
	if f.Low != scenario.Low || f.High != scenario.High {
		faults = append(faults, difference(fmt.Sprintf("weights in [%g, %g]", f.Low, f.High), fmt.Sprintf("weights in [%g, %g]", scenario.Low, scenario.High)))
	}
	return faults
}

// difference says what a policy was trained for and what the scenario has.
func difference(trained, has string) string {
	return fmt.Sprintf("trained for %s; the scenario has %s", trained, has)
}

// Mismatch is the error of what does not fit, which wraps ErrMismatch and names no file;
// nil for nothing.
func Mismatch(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return &fault{rule: strings.Join(faults, "; "), kind: ErrMismatch}
}

// size says how many LBs and servers there are.
func (f Fingerprint) size() string {
	return plural(f.Agents, "LB") + " and " + plural(f.Servers, "server")
}

// featuresNotIn says how many features f has and names those that other lacks.
// If the two differ in their order alone, it lists all features of f.
func (f Fingerprint) featuresNotIn(other Fingerprint) string {
	var own []string
	for _, name := range f.Features {
		if !slices.Contains(other.Features, name) {
			own = append(own, name)
		}
	}
	count := plural(len(f.Features), "feature")
	switch {
	case len(own) > 0:
		return count + ", among them " + strings.Join(own, ", ")
	case len(f.Features) == len(other.Features):
		return "the features " + strings.Join(f.Features, ", ")
	}
	return count
}

// plural returns a number with its noun, such as "2 servers".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
