// Package overhead measures what the messages of centralised training do to the round-trip
// times of others on the same link (Figure 10b of the paper, appendix E.2.2).
//
// The link is a pair of virtual interfaces between two network namespaces, and each
// direction has a token bucket of the kernel (tbf) with a rate and a queue. A controller at
// one end sends so many bytes to each of several agents at the other end, each period anew
// and over a TCP connection each. Meanwhile echo requests (ICMP) cross the link at random
// times: the kernel of the other end answers them, and the kernel stamps answers as they
// arrive, so that no program's turn on a processor is in a round-trip time. It needs Linux,
// root and iproute2.
package overhead
