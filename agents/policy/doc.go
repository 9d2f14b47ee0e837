// Package policy is what methods share whose policies steer LBs from what they
// observe: the normalisation of the features, which travels with the
// parameters, and the Actor.
package policy
