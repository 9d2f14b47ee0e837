package onnx

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
)

// Policy adds to g what computes the weights of the given LBs from their
// observations (Graph.Observation), and names the results as the outputs of
// those LBs (Graph.OutputWeights, Graph.OutputMode and Graph.OutputBest do). A method's package
// provides one. It fails where a policy of these settings cannot be exported.
type Policy func(g *Graph, lbs []int) error

// EachLB is the Policy of LBs that see nothing but their own observations: it
// adds one LB after the other, with a prefix of its own on the names of the
// values in the graph.
func EachLB(add func(g *Graph, lb int) error) Policy {
	return func(g *Graph, lbs []int) error {
		for _, lb := range lbs {
			g.Scope = fmt.Sprintf("lb%d", lb)
			if err := add(g, lb); err != nil {
				return err
			}
		}
		return nil
	}
}

// Model returns the ONNX model of the policy of a checkpoint for the given LBs,
// in rising order, each once. It fails if there is no such LB. The parameters
// must be those that policy asks for.
func Model(meta checkpoint.Meta, parameters []agents.Parameter, policy Policy, lbs ...int) ([]byte, error) {
	f := meta.Fingerprint
	if len(lbs) == 0 || !slices.IsSorted(lbs) || lbs[0] < 0 || lbs[len(lbs)-1] >= f.Agents || len(slices.Compact(slices.Clone(lbs))) < len(lbs) {
		return nil, fmt.Errorf("onnx: LBs %v: want some of 0 to %d, in order", lbs, f.Agents-1)
	}
	g := &Graph{
		LBs: f.Agents, Servers: f.Servers, Features: len(f.Features),
		low: f.Low, high: f.High, parameters: make(map[string]agents.Parameter, len(parameters)),
		observed: map[int]bool{},
	}
	for _, p := range parameters {
		g.parameters[p.Name] = p
	}
	if err := policy(g, lbs); err != nil {
		return nil, fmt.Errorf("onnx: method %q: %w", meta.Method, err)
	}
	return g.model(meta, lbs)
}

// model encodes the graph, with its inputs, its outputs and what is known of
// the checkpoint, as a model.
func (g *Graph) model(meta checkpoint.Meta, lbs []int) ([]byte, error) {
	features, err := json.Marshal(meta.Fingerprint.Features)
	if err != nil {
		return nil, err
	}
	g.body.text(graphName, meta.Method)
	for lb := range g.LBs {
		if g.observed[lb] {
			doc := fmt.Sprintf("what LB %d sees of each server, not normalised: %s", lb, features)
			g.body.bytes(graphInput, value(InputName(lb), doc, g.Servers, g.Features))
		}
	}
	for _, lb := range lbs {
		doc := fmt.Sprintf("the weights that LB %d gives the servers, in [%g, %g]", lb, g.low, g.high)
		g.body.bytes(graphOutput, value(OutputName(lb), doc, g.Servers))
	}
	g.addStates()
	properties := [][2]string{
		{"method", meta.Method},
		{"scenario", meta.Scenario},
		{"train_seed", strconv.FormatUint(meta.TrainSeed, 10)},
		{"episodes", strconv.Itoa(meta.Episode)},
		{"checkpoint_sha256", meta.ContentSHA256},
		{"features", string(features)},
		{"step_interval_s", strconv.FormatFloat(meta.Fingerprint.StepInterval, 'g', -1, 64)},
	}
	if len(g.states) > 0 {
		states, err := g.statesProperty()
		if err != nil {
			return nil, err
		}
		properties = append(properties, [2]string{"states", states})
	}
	return g.encode(meta, "deterministic policy of "+meta.Method, properties), nil
}

// encode encodes the graph, whose inputs and outputs it has, as a model; what says what it
// is.
func (g *Graph) encode(meta checkpoint.Meta, what string, properties [][2]string) []byte {
	var operators, m message
	operators.number(opsetVersion, opset)
	m.number(modelIRVersion, irVersion)
	m.text(modelProducer, "fairlb")
	m.text(modelDoc, what+", trained in "+meta.Scenario)
	m.bytes(modelGraph, g.body)
	m.bytes(modelOpset, operators)
	for _, property := range properties {
		var entry message
		entry.text(entryKey, property[0])
		entry.text(entryValue, property[1])
		m.bytes(modelMetadata, entry)
	}
	return m
}

// InputName is the name of the model's input that is an LB's observation.
func InputName(lb int) string { return fmt.Sprintf("obs_%d", lb) }

// OutputName is the name of the model's output that is an LB's weights.
func OutputName(lb int) string { return fmt.Sprintf("weights_%d", lb) }
