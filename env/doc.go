// Package env is the contract between what is controlled and who controls it.
//
// An Env is a pool of servers behind several load balancers (LBs), one agent
// per LB. It is the parallel form of a multi-agent environment: Reset and Step
// answer for all agents at once. Package env/sim implements it by discrete
// events, env/testbed on live machines, and env/envtest holds the one
// conformance suite for every implementation.
//
// The step interval of the environment is 0.25 s or 0.5 s (Table 9); between
// two steps each arriving request is dispatched, at data-plane speed, by the
// weights that the last action set (package env/dispatch).
//
// env imports nothing of fairlb.
package env
