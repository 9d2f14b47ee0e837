// Package peer measures the network core against PyTorch: it does in Go the same
// work, from the same shapes, that bench/torch_sac_gru.py does there. The work is
// one update of a recurrent soft actor-critic with a categorical for each server,
// the paper's form of the learner (Yao & Ding, appendix E.2): flat networks with
// a GRU, twin critics and targets, the exact expectation per server, a tuned
// temperature, Adam, Polyak averages.
//
// "make bench-peer" (command agents/nn/peer/bench) times both in turns, and tests
// here hold the update to reference values of PyTorch, which
// agents/nn/testdata/torch/vectors.py has made. Nothing trains agents by this
// package: it learns from whatever batch it is given. The learners of agents are
// in package sac and its like.
package peer
