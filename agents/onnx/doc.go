// Package onnx writes trained policies as ONNX models, for whatever runs ONNX
// beside a load balancer: raw observations in, weights out, the normalisation
// and the choice of the mode included.
//
// A model has an input per LB that it sees, obs_I, float32 [batch, servers,
// features], in the units and the order of the environment's Spec, and an
// output per LB that it steers, weights_I, float32 [batch, servers], within the
// bounds of the environment's ActionSpec. Its metadata say what it is and name
// the features.
//
// The graph follows from a checkpoint's parameters and settings alone. It uses
// operators of opset 17 (ONNX 1.12). The embeddings of the servers, which are
// constant, are multiplied into the biases of the first layer; all else is
// computed in the order in which the Actor computes it, in float32 where the
// Actor may use float64. Observations that are not finite, which an Actor
// refuses, are not looked for.
//
// The messages of ONNX (onnx/onnx.proto) are encoded by hand with protowire.
package onnx
