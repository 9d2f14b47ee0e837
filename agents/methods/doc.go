// Package methods is the table of the ways to train agents: what each is
// called, which section of the settings it reads, what it needs of the
// environment, how its learner is made, what a training takes, and how its policy
// is written as an ONNX model. Whoever has a method's name (a hyperparameter file, a checkpoint,
// a job) comes here, and nobody else chooses by it.
//
// To add a method, write its package (an agents.Learner that is an agents.Saver
// too, a Config that states its rules, an onnx.Policy), and add here, in
// methods.go, its section to Settings and DefaultSettings and its line to the
// table, with the settings that say what its parameters are (Method.Policy). make schema then writes the schema of hyperparameter files anew. The
// tests of this package and of agents/onnx fail until the method has a variant
// in each.
package methods
