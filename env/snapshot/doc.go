// Package snapshot turns the state of a component into bytes and back: of a
// learner (package train saves it with a run) or of one load balancer (package
// env/balancer).
//
// A component walks over its state once, in a fixed order, with a Codec that
// either writes what it meets or fills it: one function serves both ways, so
// that they cannot differ. To save more of a component, add it to its State
// method; bytes written before are then refused.
package snapshot
