// Package methods is the one switch from a method's name and settings to its
// Learner, and from a checkpoint to the Actor that is evaluated.
package methods
