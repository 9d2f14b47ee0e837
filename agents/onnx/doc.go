// Package onnx writes trained policies as ONNX models, for programs that run
// ONNX beside a load balancer: raw observations go in, weights come out, and
// the normalisation of the observations and the choice of the policy's mode are
// part of the model.
//
// A model has one input for each LB whose observation it needs, obs_I, float32
// [batch, servers, features], in the units and the order of the environment's
// Spec, and one output for each LB that it steers, weights_I, float32 [batch,
// servers], within the bounds of the environment's ActionSpec. The model's
// metadata say what it was trained as and name the features.
//
// The model of a policy that remembers, a recurrent network or an average of what it
// has chosen, computes one step, and keeps nothing between calls: the state comes in as
// state_I, float32 [batch, values], and goes out as next_state_I, which the caller gives
// back with the next step's observation. An episode begins in a state of zeros. A policy
// that steers all LBs together has one state, state_all. The metadata's key "states", a
// JSON list that only such models have, names both ends, the shape and the initial state.
//
// The package knows no method. It writes the model around a Graph, and each
// method's own package adds to that Graph the operators by which its policy
// computes weights (a function of type Policy, named in the table of package
// agents/methods). What several methods need, such as the normalisation and the
// networks, is in network.go, recurrent.go and average.go; single operators are in graph.go;
// the bytes of ONNX's messages (onnx/onnx.proto) are encoded in message.go with
// protowire.
//
// A graph follows from a checkpoint's parameters and settings alone. It uses
// operators of opset 17 (ONNX 1.12). The servers' embeddings do not change, so
// they are multiplied into the biases of the first layer when the model is
// written; everything else is computed in the order in which the Actor computes
// it, in float32 where the Actor may use float64. An Actor refuses observations
// that are not finite; a model does not look for them.
package onnx
