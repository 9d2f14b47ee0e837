// Package env is the contract between an environment and the agents that act in it.
//
// An Env is a pool of servers behind several load balancers (LBs), with one agent for
// each LB. It is the parallel form of a multi-agent environment: Reset and Step answer
// for all agents at once. Package env/sim implements it by discrete events, and
// env/testbed is the place of live machines; env/envtest holds the one conformance
// suite that every implementation must pass.
//
// The step interval is 0.25 s or 0.5 s (Table 9). Between two steps each request that
// arrives is dispatched, at data-plane speed, by the weights that the last action set:
// package env/balancer is what one LB does with a request, package env/dispatch how it
// chooses a server, and package env/observe what its agent will see. Package
// env/workload makes the requests.
//
// A new thing that agents see of all environments is a field of Step; what only some
// environments can do is an optional interface, such as GroundTruth. The contract
// imports nothing of fairlb.
package env
