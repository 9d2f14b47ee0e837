// Package peer is the update of shared/bench/torch_sac_gru.py in the network
// core: one recurrent, factored, discrete soft actor-critic, the same work from
// the same shapes. make bench-peer times both in turns, and the reference
// vectors of PyTorch in testdata hold it to the same numbers.
//
// It is the paper's form of the learner (section E.2): flat networks with a GRU,
// twin critics and targets, the exact expectation per server, a tuned
// temperature, Adam, Polyak averages. It learns from whatever batch it is
// given; package sac has the learners that train agents.
package peer
