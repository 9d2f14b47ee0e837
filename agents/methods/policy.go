package methods

import (
	"fmt"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/onnx"
	"fairlb/env"
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
	if err := meta.Fingerprint.Check(checkpoint.FingerprintOf(spec)); err != nil {
		return nil, err
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

// Export returns an ONNX model of the Policy of a checkpoint for the given LBs,
// in rising order, each once. It fails if there is no such LB, and, wrapping
// what Policy says, unless the parameters are those of the method and the
// settings.
func Export(meta checkpoint.Meta, s Settings, parameters []agents.Parameter, lbs ...int) ([]byte, error) {
	if _, err := Policy(meta, s, parameters, meta.Fingerprint.Spec()); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	m, err := Find(meta.Method)
	if err != nil {
		return nil, err
	}
	return onnx.Model(meta, parameters, m.Export(s), lbs...)
}
