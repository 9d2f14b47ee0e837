// Package loopback is a scenario in real time on one machine: its servers emulated (package
// env/testbed/emulated) and its clients one open loop (env/testbed/client), in this
// process; its load balancers `fairlb lb`, or HAProxy, and their agents `fairlb agent`, each
// a process of its own. They are joined by TCP connections on loopback, and a load
// balancer and its agent by shared memory. It needs no rights and nothing that is installed.
//
// Env is an env.Env, so that what evaluates in the simulator evaluates here, with the
// same seeds for the workload and for what changes. What a scenario has and loopback has
// not is refused (ErrNotLive) or said by Differences. Config.Doubt is told why an episode is
// no measurement, if this machine did not keep up.
package loopback
