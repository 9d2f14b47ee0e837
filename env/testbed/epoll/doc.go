// Package epoll is non-blocking TCP sockets (IPv4), and a Poller that tells which of
// them something has happened to. One goroutine serves thousands of connections by it,
// at a good part less of the processor's time than Go's net package takes, and sleeps to
// within some 50 us of when it wants to wake.
//
// The servers and clients of the testbed (emulated, client, bench/load) are loops around
// a Poller. It runs on Linux.
package epoll
