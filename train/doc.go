// Package train runs episodes, lets a learner learn from them, and keeps what
// came of it: a record of every round, checkpoints, and the state from which a
// run that was stopped goes on.
//
// A training run follows from a hyperparameter file (Hyperparameters) and a
// seed alone: the same file and seed give the same weights, on any number of
// cores. The package knows environments and learners by their contracts; its
// caller says which scenario is opened and where the run's files are.
//
// It stands between a hyperparameter file and the checkpoint that package eval
// evaluates: Run plays the episodes of a round (play.go), lets the learner of
// package agents/methods update, validates now and then (validate.go), and
// saves. A setting of a run is a field of Hyperparameters; what a learner has
// to set is in the section of its method.
package train
