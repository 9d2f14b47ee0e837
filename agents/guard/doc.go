// Package guard stands between an Actor and a live load balancer. An Actor that was
// trained in one place and acts in another may be wrong there; a Guard lets it act as
// long as it does no harm, and a fallback that needs no training (package
// agents/selftuning) otherwise.
//
// What an Actor decides is held to limits (type Limits): no server is starved, and no
// weight jumps. A Guard gives the weights to the fallback when there is no news of the
// load balancer, when the servers are not those that the Actor knows, when it fails,
// panics or decides what is not allowed, and when flows take longer under it than under
// the fallback. It comes back after a pause that grows each time (type pauses), and only
// once it has been without a fault for a while. Each change has a Reason and is counted.
//
// How long flows take under the fallback is measured, not remembered: in one of several
// windows of time, drawn at random, the fallback acts, and the windows of both are
// compared block by block (type comparison). What was measured under the fallback at
// another time, even at the same rate of requests, says little: demands change within a
// day as rates do, servers slow down, and the other load balancers' share of them shows
// in no count. Windows that lie beside each other have all of that in common. The price
// is that the fallback acts for a known part of the time, at worst with its own latency.
//
// Traffic says what weights that are not written would do (shadow mode).
//
// Time is that of env.Step: a Guard reads no clock, and is tested in the simulator.
package guard
