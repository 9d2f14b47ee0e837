// Package nntest is what tests of networks share: it checks the gradients of kernels,
// and of whole losses through the graph, against central differences (gradient.go),
// and reads reference values such as those of PyTorch in nn's testdata
// (reference.go). Tests of nn, sac, qmix, hypernet, agents/ppo and agents/delay use
// it.
package nntest
