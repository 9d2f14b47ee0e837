// Package nntest checks gradients by central differences: of kernels, and of
// whole losses through the graph. It reads the reference values in nn's
// testdata. Tests of nn, sac, qmix and hypernet use it.
package nntest
