package methods

import (
	"encoding/json"
	"fmt"

	"fairlb/agents/checkpoint"
	"fairlb/env"
	"fairlb/env/settings"
)

// CheckBeginning reports why a learner of the given method and settings, for
// environments of the given spec, cannot begin at the policy of a checkpoint, of which
// trained are the settings: another method, another number of LBs or servers, other
// features, or settings under which its parameters would be another policy
// (Method.Policy). A dispatch rule serves any pool. The error wraps
// checkpoint.ErrMismatch, names all that does not fit, and not the file. The doubts are
// differences that training has to bridge.
func CheckBeginning(meta checkpoint.Meta, trained Settings, method string, s Settings, spec env.Spec) (doubts []string, err error) {
	m, err := Find(method)
	if err != nil {
		return nil, fmt.Errorf("methods: method %q: %w", method, err)
	}
	if meta.Method != method {
		return nil, checkpoint.Mismatch([]string{fmt.Sprintf("trained by the method %s; the run is of %s", meta.Method, method)})
	}
	var faults []string
	if !m.Rule {
		var fault error
		if doubts, fault = meta.Fingerprint.CheckLearning(checkpoint.FingerprintOf(spec)); fault != nil {
			faults = append(faults, fault.Error())
		}
	}
	before, err := fieldsOf(trained, m.Section)
	if err != nil {
		return nil, err
	}
	now, err := fieldsOf(s, m.Section)
	if err != nil {
		return nil, err
	}
	for _, field := range m.Policy {
		if was, is := string(before[field]), string(now[field]); was != is {
			faults = append(faults, fmt.Sprintf("trained with %s.%s = %s; the run has %s", m.Section, field, was, is))
		}
	}
	return doubts, checkpoint.Mismatch(faults)
}

// fieldsOf returns the fields of a section of the settings, as JSON.
func fieldsOf(s Settings, section string) (map[string]json.RawMessage, error) {
	data, err := settings.JSON(s)
	if err != nil {
		return nil, fmt.Errorf("methods: %w", err)
	}
	var sections map[string]map[string]json.RawMessage
	if err := json.Unmarshal(data, &sections); err != nil {
		return nil, fmt.Errorf("methods: %w", err)
	}
	return sections[section], nil
}
