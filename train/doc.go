// Package train runs episodes, lets a learner learn from them, and keeps what
// came of it: a record of every round and checkpoints (DESIGN.md, section 8).
//
// A training run follows from a hyperparameter file (Hyper) and a seed alone:
// the same file and seed give the same weights, on any number of cores. The
// package knows environments and learners by their contracts; which simulator
// or method they are, its caller says.
package train
