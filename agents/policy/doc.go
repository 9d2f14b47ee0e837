// Package policy is what the methods' policies have in common when they act: the
// Actor that normalises observations, runs a policy for each LB and turns its
// log-weights into weights (actor.go); how continuous policies and those that
// choose among levels decide (continuous.go, levels.go); and what an environment
// must be like for them (spec.go).
//
// Learners build their actors of it: package sac and agents/ppo hand policies to
// NewActor; qmix, agents/es and agents/delay have actors of their own and use its
// checks.
package policy
