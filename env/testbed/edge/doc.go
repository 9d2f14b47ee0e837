// Package edge is what stands before several load balancers: a router that sends each
// connection to one of them, by a hash of its addresses and ports (equal-cost multipath,
// ECMP), while clients know one virtual address. It is the kernel's own: a network namespace
// that forwards by a route of several next hops, one from which clients connect, and one
// for the listening socket of each load balancer, with the virtual address. The load
// balancers themselves, and their connections to servers, are where they would be without
// it. It needs root.
package edge
