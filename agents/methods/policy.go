package methods

import (
	"fmt"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/onnx"
	"fairlb/env"
	"fairlb/env/dispatch"
)

// Learner returns an untrained learner of the given method.
func Learner(method string, s Settings, spec env.Spec, seed uint64) (agents.Learner, error) {
	m, err := Find(method)
	if err != nil {
		return nil, fmt.Errorf("methods: method %q: %w", method, err)
	}
	return m.New(s, spec, seed)
}

// Policy returns the deterministic Actor of a checkpoint for environments of
// the given spec. Errors wrap checkpoint.ErrMismatch where it does not fit.
func Policy(meta checkpoint.Meta, s Settings, parameters []agents.Parameter, spec env.Spec) (agents.Actor, error) {
	if m, err := Find(meta.Method); err != nil || !m.Rule {
		if err := meta.Fingerprint.Check(checkpoint.FingerprintOf(spec)); err != nil {
			return nil, err
		}
	}
	learner, err := Learner(meta.Method, s, spec, meta.TrainSeed)
	if err != nil {
		return nil, err
	}
	if err := agents.CopyParameters(learner.Parameters(), parameters); err != nil {
		return nil, err
	}
	return learner.Policy()
}

// RulePolicy returns the coefficients of a checkpoint whose policy is a dispatch rule,
// which serves any pool. Errors wrap agents.ErrParameters where the parameters are not of its
// features.
func RulePolicy(meta checkpoint.Meta, s Settings, parameters []agents.Parameter) (*dispatch.Policy, error) {
	learner, err := Learner(meta.Method, s, meta.Fingerprint.Spec(), meta.TrainSeed)
	if err != nil {
		return nil, err
	}
	l, ok := learner.(agents.RuleLearner)
	if !ok {
		return nil, fmt.Errorf("methods: %s learns no dispatch rule", meta.Method)
	}
	if err := agents.CopyParameters(l.Parameters(), parameters); err != nil {
		return nil, err
	}
	return l.Rule()
}

// Export returns an ONNX model of the Policy of a checkpoint for the given LBs,
// in rising order, each once; of a dispatch rule, the one model of all. It fails if there is no such LB, and, wrapping
// what Policy says, unless the parameters are those of the method and the
// settings.
func Export(meta checkpoint.Meta, s Settings, parameters []agents.Parameter, lbs ...int) ([]byte, error) {
	m, err := Find(meta.Method)
	if err != nil {
		return nil, fmt.Errorf("onnx: method %q: %w", meta.Method, err)
	}
	if m.Rule {
		policy, err := RulePolicy(meta, s, parameters)
		if err != nil {
			return nil, fmt.Errorf("onnx: %w", err)
		}
		return onnx.RuleModel(meta, policy)
	}
	if _, err := Policy(meta, s, parameters, meta.Fingerprint.Spec()); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return onnx.Model(meta, parameters, m.Export(s), lbs...)
}
