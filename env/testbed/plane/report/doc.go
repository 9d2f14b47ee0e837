// Package report is the message by which a server tells `fairlb lb` how many requests it
// has: a datagram of one line of text, which a shell can send as well as a program,
//
//	fairlb-report 1 SERVER REQUESTS [SEQUENCE]
//
// with a space between fields and perhaps a newline at the end. 1 is the version of the
// message. SERVER is the server's name or address as the load balancer's settings have it.
// REQUESTS is how many requests the server has, of all load balancers, those included that
// wait there. SEQUENCE is a number from 1 on that rises with every message of the server,
// such as the time in us; with it a message that was overtaken by a later one is known.
//
// The package is pure: bytes to values and back.
package report
