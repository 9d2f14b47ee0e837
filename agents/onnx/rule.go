package onnx

import (
	"encoding/json"
	"fmt"
	"strconv"

	"fairlb/agents/checkpoint"
	"fairlb/env/dispatch"
)

// RuleFeatures names what a rule's model is given of a server, in order: the logarithm of
// its estimated capacity relative to the pool's, without bounds, and the features of a
// policy of universal (dispatch.ServerFeatures, dispatch.PoolFeatures).
func RuleFeatures() []string {
	return append(append([]string{"log capacity"}, dispatch.ServerFeatures(false)...), dispatch.PoolFeatures()...)
}

// RuleModel returns the model of a checkpoint whose policy is a dispatch rule. Its input
// features is float32 [batch, servers, RuleFeatures], its outputs weights and offsets are
// [batch, servers], for any number of servers; a request goes to the server of least
// (own requests + offset) / weight.
//
// There is no model of universal-carried, whose score has more than two numbers a server.
func RuleModel(meta checkpoint.Meta, policy *dispatch.Policy) ([]byte, error) {
	if policy.Carried {
		return nil, fmt.Errorf("onnx: a policy of %s: must be of %s", dispatch.UniversalCarriedName, dispatch.UniversalName)
	}
	names := RuleFeatures()
	coefficients := make([]float32, 2*len(names)) // [features, 2]
	coefficients[0] = float32(dispatch.DefaultSelfTuning().Exponent)
	for k := range dispatch.ServerFeatures(false) {
		coefficients[2*(1+k)], coefficients[2*(1+k)+1] = float32(policy.Weight[k]), float32(policy.Offset[k])
	}
	for k := range dispatch.PoolFeatures() {
		coefficients[2*(1+len(dispatch.ServerFeatures(false))+k)+1] = float32(policy.Common[k])
	}
	g := &Graph{observed: map[int]bool{}, Scope: meta.Method}
	logs := g.MatMul("features", g.Constant("coefficients", []int{len(names), 2}, coefficients))
	g.node("Exp", []string{g.Clip(g.Column(logs, 0), -dispatch.MaxLogWeight, dispatch.MaxLogWeight)}, "weights")
	g.node("Exp", []string{g.Clip(g.Column(logs, 1), -dispatch.MaxLogOffset, dispatch.MaxLogOffset)}, "offsets")

	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	g.body.text(graphName, meta.Method)
	g.body.bytes(graphInput, value("features", fmt.Sprintf("of each server: %s", list), anyServers, len(names)))
	g.body.bytes(graphOutput, value("weights", "the weight of each server", anyServers))
	g.body.bytes(graphOutput, value("offsets", "the offset of each server's count of requests", anyServers))
	return g.encode(meta, "dispatch rule "+meta.Method, [][2]string{
		{"method", meta.Method},
		{"scenario", meta.Scenario},
		{"train_seed", strconv.FormatUint(meta.TrainSeed, 10)},
		{"episodes", strconv.Itoa(meta.Episode)},
		{"checkpoint_sha256", meta.ContentSHA256},
		{"features", string(list)},
	}), nil
}
