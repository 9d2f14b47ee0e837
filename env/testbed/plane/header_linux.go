package plane

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
	"fairlb/env/testbed/plane/proxyprotocol"
)

// readHeader reads a client's PROXY protocol header.
func (l *loop) readHeader(c *connection) {
	if c.early == nil {
		c.early = l.newBuffer()
	}
	b := c.early
	for b.end < proxyprotocol.MaxHeader {
		n, errno := epoll.Receive(c.client.fd, b.bytes[b.end:proxyprotocol.MaxHeader])
		switch {
		case errno == unix.EAGAIN:
			c.client.readable = false
			return
		case errno == unix.EINTR:
			continue
		case errno != 0:
			l.end(c, ClientReset)
			return
		case n == 0:
			l.end(c, BadHeader)
			return
		}
		b.end += n
		length, origin, local, err := proxyprotocol.Parse(b.bytes[:b.end])
		switch {
		case err != nil:
			l.end(c, BadHeader)
			return
		case length > 0:
			l.greeted(c, length, origin, local)
			return
		}
	}
	l.end(c, BadHeader)
}

// greeted goes on once a client's header has been read.
func (l *loop) greeted(c *connection, length int, origin, local netip.AddrPort) {
	c.origin, c.local = origin, local
	if c.early.begin = length; length == c.early.end {
		l.freeBuffer(c.early)
		c.early = nil
	} else {
		l.received += uint64(c.early.end - length)
	}
	l.timers.remove(c.number)
	l.choose(c)
}

// appendHeader appends what a server is told of whom a connection is for.
func (l *loop) appendHeader(dst []byte, c *connection) []byte {
	origin, local := c.origin, c.local
	if !c.listener.proxy {
		origin, local = c.peer.address(), c.listener.address
		if local.Addr().IsUnspecified() {
			local = localAddress(c.client.fd)
		}
	}
	return proxyprotocol.Append(dst, c.target.version, origin, local)
}
