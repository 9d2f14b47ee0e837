// Package proxyprotocol reads and writes the headers by which one proxy tells the next
// whom it speaks for (the PROXY protocol, versions 1 and 2, of HAProxy's
// doc/proxy-protocol.txt).
//
// It works on bytes that are there: an event loop cannot wait within a reader. What
// comes in is bounded (MaxHeader), and what goes out allocates nothing. That is why this
// is not github.com/pires/go-proxyproto, whose Read takes a bufio.Reader, refuses a v1
// header that comes in two parts, and whose Format allocates; the tests hold both
// against it.
package proxyprotocol
