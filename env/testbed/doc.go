// Package testbed is the place of the live environments: an Env whose servers and load
// balancers are real. It is empty so far. What one load balancer knows and does is in
// package env/balancer, which takes time as a value, so that a live environment and
// the simulator decide by the same code.
package testbed
