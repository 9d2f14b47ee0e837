package methods

import (
	"fmt"
	"strings"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/estimate"
)

// Estimate returns what a learner of the given method takes in a training. The
// fields of its parts are paths of a hyperparameter file, but for those of the
// scenario, which begin with "scenario.".
func Estimate(method string, s Settings, spec env.Spec, plan agents.Schedule) (estimate.Estimate, error) {
	m, err := Find(method)
	if err != nil {
		return estimate.Estimate{}, fmt.Errorf("methods: method %q: %w", method, err)
	}
	e := m.Estimate(s, spec, plan)
	for k, p := range e.Parts {
		for i, f := range p.Fields {
			if !strings.HasPrefix(f, "scenario.") && f != "episodes" && f != "episodes_per_round" && f != "updates_per_round" {
				e.Parts[k].Fields[i] = m.Section + "." + f
			}
		}
	}
	return e, nil
}
