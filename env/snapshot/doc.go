// Package snapshot saves and restores the state of a simulation in mid-run, or
// of a learner.
//
// A component walks over its state once, in a fixed order, with a Codec that
// either writes what it meets or fills it: one function serves both ways, so
// that they cannot differ.
package snapshot
