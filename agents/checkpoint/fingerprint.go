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
	var faults []string
	note := func(trained, has string) {
		faults = append(faults, fmt.Sprintf("trained for %s; the scenario has %s", trained, has))
	}
	if f.Agents != scenario.Agents || f.Servers != scenario.Servers {
		note(f.size(), scenario.size())
	}
	if !slices.Equal(f.Features, scenario.Features) {
		note(f.featuresNotIn(scenario), scenario.featuresNotIn(f)+" (this fairlb observes other things, so that the policy must be trained again)")
	}
	if f.StepInterval != scenario.StepInterval {
		note(fmt.Sprintf("steps of %g s", f.StepInterval), fmt.Sprintf("steps of %g s", scenario.StepInterval))
	}
	if f.Low != scenario.Low || f.High != scenario.High {
		note(fmt.Sprintf("weights in [%g, %g]", f.Low, f.High), fmt.Sprintf("weights in [%g, %g]", scenario.Low, scenario.High))
	}
	if faults == nil {
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
