// Package balancerprocess is what `fairlb lb` does around a balancer (env/testbed/plane):
// it reads its settings, checks its servers' health, answers its admin interface, writes
// the log of its connections, tells a service manager how it is, takes over changed
// settings at SIGHUP, and ends it at SIGTERM without breaking connections.
//
// One goroutine (process.control) decides about the life of the process, by signals in
// the order in which they come. What tells the outside something (log, admin interface,
// service manager) may be slow or fail, and costs the balancer nothing.
package balancerprocess
