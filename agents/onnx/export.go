package onnx

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
)

// Export returns an ONNX model of a checkpoint's deterministic policy: that of
// the given LBs, in rising order, each once. It fails, wrapping what
// methods.Policy says, unless the parameters are those of the method and the
// settings, and if there is no such LB.
func Export(meta checkpoint.Meta, s methods.Settings, parameters []agents.Parameter, lbs ...int) ([]byte, error) {
	f := meta.Fingerprint
	if len(lbs) == 0 || !slices.IsSorted(lbs) || lbs[0] < 0 || lbs[len(lbs)-1] >= f.Agents || len(slices.Compact(slices.Clone(lbs))) < len(lbs) {
		return nil, fmt.Errorf("onnx: LBs %v: want some of 0 to %d, in order", lbs, f.Agents-1)
	}
	if _, err := methods.Policy(meta, s, parameters, specOf(f)); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	w := &writer{
		settings: s, method: meta.Method, lbs: f.Agents, servers: f.Servers, features: len(f.Features),
		low: f.Low, high: f.High, parameters: make(map[string]agents.Parameter, len(parameters)),
	}
	for _, p := range parameters {
		w.parameters[p.Name] = p
	}
	if err := w.steer(lbs); err != nil {
		return nil, err
	}
	return w.model(meta, lbs)
}

// specOf returns the Spec of environments that a fingerprint fits, as far as a
// policy depends on it.
func specOf(f checkpoint.Fingerprint) env.Spec {
	spec := env.Spec{
		Agents: f.Agents, Servers: f.Servers, StepInterval: f.StepInterval, Steps: 1,
		Action: env.ActionSpec{Low: f.Low, High: f.High},
	}
	for _, name := range f.Features { // with its unit
		spec.Features = append(spec.Features, env.Feature{Name: name})
	}
	return spec
}

// model returns the model of the graph.
func (w *writer) model(meta checkpoint.Meta, lbs []int) ([]byte, error) {
	features, err := json.Marshal(meta.Fingerprint.Features)
	if err != nil {
		return nil, err
	}
	w.body.text(graphName, meta.Method)
	for _, lb := range w.inputs(lbs) {
		doc := fmt.Sprintf("what LB %d sees of each server, not normalised: %s", lb, features)
		w.body.bytes(graphInput, value(observation(lb), doc, w.servers, w.features))
	}
	for _, lb := range lbs {
		doc := fmt.Sprintf("the weights that LB %d gives the servers, in [%g, %g]", lb, w.low, w.high)
		w.body.bytes(graphOutput, value(weights(lb), doc, w.servers))
	}
	var operators, m message
	operators.number(opsetVersion, opset)
	m.number(modelIRVersion, irVersion)
	m.text(modelProducer, "fairlb")
	m.text(modelDoc, "deterministic policy of "+meta.Method+", trained in "+meta.Scenario)
	m.bytes(modelGraph, w.body)
	m.bytes(modelOpset, operators)
	for _, property := range [][2]string{
		{"method", meta.Method},
		{"scenario", meta.Scenario},
		{"train_seed", strconv.FormatUint(meta.TrainSeed, 10)},
		{"episodes", strconv.Itoa(meta.Episode)},
		{"checkpoint_sha256", meta.ContentSHA256},
		{"features", string(features)},
		{"step_interval_s", strconv.FormatFloat(meta.Fingerprint.StepInterval, 'g', -1, 64)},
	} {
		var entry message
		entry.text(entryKey, property[0])
		entry.text(entryValue, property[1])
		m.bytes(modelMetadata, entry)
	}
	return m, nil
}

// inputs lists the LBs whose observations the given ones' weights depend on.
func (w *writer) inputs(lbs []int) []int {
	var out []int
	for _, lb := range lbs {
		out = append(out, w.sees(lb)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
