package plane

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
	"fairlb/env/testbed/plane/replica"
)

// connection is a client's connection and what becomes of it: one or more tries to reach a
// server, and then bytes in both directions. It is used again once it has ended.
type connection struct {
	number     int32  // its index in loop.connections, and its flow's number
	generation uint32 // how often it was used; what epoll tells of an earlier use is passed over
	stage      stage
	moving     bool // it is in loop.moving: there is more to pass on
	flowing    bool // it counts as a flow on its target

	client, server side
	listener       *listener
	peer           rawAddress     // the client's end, as accept told it
	origin, local  netip.AddrPort // the client, and the address that it had connected to, as its PROXY protocol header says
	early          *buffer        // what has been read of the header and behind it

	target *server  // of the present try, or the last one
	tries  int      // servers that were tried
	tried  []uint32 // slots of servers that did not take it

	// Times are in ns since the engine was made.
	accepted  int64
	staged    int64 // when the present stage began
	active    int64 // when a byte last came
	waited    int64 // in the queue, ns
	connected int64 // how long the server took to accept, ns; 0: none has
	first     int64 // from accepted to the server's first byte; 0: none came
}

// stage is how far a connection has come.
type stage uint8

const (
	unused     stage = iota
	greeting         // the client's PROXY protocol header is awaited
	queued           // every server is full
	pausing          // every server was tried, and before the next try some time is to pass
	connecting       // a server is to accept
	relaying
)

// side is one of the two ends of a connection.
type side struct {
	fd                 int
	readable, writable bool // as far as epoll and the last call have told
	ended              bool // its end has come: nothing more can be read
	finished           bool // its peer has sent its end, in order
	hungUp             bool // its end is near: it is to be read until it comes
	broken             bool // nothing can be written to it any more
	reset              bool // it ended by a reset
	shut               bool // it was told that no more comes
	sent               bool // something was written to it
	prompt             bool // what is written goes out at once (sendAtOnce)
	read               uint64
	pending            *buffer // what is to be written to it; nil: nothing
	pipe               *pipe   // through which is spliced what is to be written to it
}

// buffer holds bytes that a peer has not taken yet.
type buffer struct {
	bytes []byte // as long as Limits.Buffer or a header need
	begin int    // bytes[begin:end] are to be written
	end   int
}

// pipe is what the kernel splices through.
type pipe struct {
	reading, writing int
	held             int // bytes in it
}

const (
	pipeBytes  = 1 << 18 // that a pipe is asked to hold
	clientSide = 0
	serverSide = 1
	// retryPause is how long it takes until a server is tried for a second time.
	retryPause = int64(100e6) // ns
	// promptClose is the time in which a server that closes a connection on which
	// nothing has passed has not served it: ns.
	promptClose = int64(100e6)
)

// take makes a connection of an accepted socket.
func (l *loop) take(fd int, from *listener, peer *rawAddress) {
	c := l.newConnection()
	c.listener, c.peer, c.accepted, c.staged, c.active = from, *peer, l.now, l.now, l.now
	c.client = side{fd: fd, writable: true, prompt: true} // as the listener is
	c.server = side{fd: -1}
	l.open++
	l.engine.open.Add(1)
	l.accepted++
	if from.proxy {
		c.stage = greeting
		if errno := l.watch(c, clientSide); errno != 0 {
			l.end(c, NoResource)
			return
		}
		l.setTimer(c, l.now+l.parameters.handshake)
		return
	}
	l.choose(c)
	if c.stage == unused {
		return
	}
	if errno := l.watch(c, clientSide); errno != 0 {
		l.end(c, NoResource)
	}
}

// watch has the loop told of one side of a connection.
func (l *loop) watch(c *connection, of int32) unix.Errno {
	fd := c.client.fd
	if of == serverSide {
		fd = c.server.fd
	}
	return control(l.epoll, unix.EPOLL_CTL_ADD, fd, watched, c.number<<1|of, c.generation)
}

// happened is called for what epoll tells of a side.
func (l *loop) happened(c *connection, of int32, events uint32) {
	s := &c.client
	if of == serverSide {
		s = &c.server
	}
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.readable = true
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.hungUp = true
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) == unix.EPOLLRDHUP {
		s.finished = true
	}
	if events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.writable = true
	}
	broken := events&(unix.EPOLLHUP|unix.EPOLLERR) != 0
	switch {
	case c.stage == greeting:
		l.readHeader(c)
	case c.stage == relaying:
		l.relay(c)
	case of == clientSide && broken:
		l.end(c, ClientReset)
	case c.stage == connecting && of == serverSide && broken:
		l.notConnected(c, socketError(s.fd))
	case c.stage == connecting && of == serverSide && s.writable:
		l.hasConnected(c)
	}
}

// choose chooses a server for a connection, and begins to connect.
func (l *loop) choose(c *connection) {
	l.replica.Catch()
	switch {
	case l.replica.In() == 0:
		l.end(c, NoServer)
		return
	case l.replica.Available() == 0:
		l.enqueue(c)
		return
	}
	var slot uint32
	if len(c.tried) == 0 {
		slot = l.replica.Dispatch(l.seconds(), uint32(c.number))
	} else {
		another := false
		if slot, another = l.replica.DispatchExcept(l.seconds(), uint32(c.number), c.tried); !another {
			c.tried = c.tried[:0]
			c.stage, c.staged = pausing, l.now
			l.setTimer(c, l.now+retryPause)
			return
		}
	}
	l.connect(c, l.server(slot))
}

// connect begins a try at a server.
func (l *loop) connect(c *connection, to *server) {
	c.target, c.stage, c.staged = to, connecting, l.now
	c.tries++
	c.flowing = true
	l.serverBytes(to.slot).underWay++
	fd, errno := connectTo(&to.raw)
	c.server = side{fd: fd}
	if fd < 0 {
		l.fault(FilesExhausted)
		l.end(c, NoResource)
		return
	}
	if errno != 0 && errno != unix.EINPROGRESS {
		l.notConnected(c, errno)
		return
	}
	if errno := l.watch(c, serverSide); errno != 0 {
		l.end(c, NoResource)
		return
	}
	if errno == 0 {
		l.hasConnected(c)
		return
	}
	l.setTimer(c, l.now+l.parameters.connect)
}

// notConnected ends a try at a server that did not accept.
func (l *loop) notConnected(c *connection, errno unix.Errno) {
	switch errno {
	case unix.EADDRNOTAVAIL, unix.EAGAIN: // the server has no part in it
		l.fault(PortsExhausted)
		l.tryAgain(c, replica.Abandoned, NoResource)
	case unix.ETIMEDOUT:
		l.fault(ConnectTimedOut)
		l.tryAgain(c, replica.Failed, ServerFailed)
	default:
		l.fault(ConnectRefused)
		l.tryAgain(c, replica.Failed, ServerFailed)
	}
}

// tryAgain ends a try, of which nothing has reached the server, and begins another one
// if there may be one; else the connection ends.
func (l *loop) tryAgain(c *connection, how replica.Ending, otherwise Outcome) {
	c.tried = append(c.tried, c.target.slot)
	l.endFlow(c, how)
	if c.server.fd >= 0 {
		epoll.Close(c.server.fd)
	}
	l.recycle(&c.server)
	c.server = side{fd: -1}
	c.connected = 0
	if c.tries >= l.parameters.config.Retry.Attempts {
		l.end(c, otherwise)
		return
	}
	l.retried++
	l.choose(c)
}

// hasConnected goes on once a server has accepted.
func (l *loop) hasConnected(c *connection) {
	c.connected = max(l.now-c.staged, 1)
	l.connects.add(float64(c.connected) * 1e-9)
	c.stage, c.staged, c.active = relaying, l.now, l.now
	c.server.writable = true
	if c.target.version != 0 || c.early != nil {
		l.prepare(c)
	}
	l.setTimer(c, l.now+l.parameters.idle)
	l.relay(c)
}

// prepare makes what goes to a server before anything else: whom the connection is for,
// and what came behind the client's own header.
func (l *loop) prepare(c *connection) {
	b := l.newBuffer()
	if c.target.version != 0 {
		b.end = len(l.appendHeader(b.bytes[:0], c))
	}
	if c.early != nil {
		b.end += copy(b.bytes[b.end:], c.early.bytes[c.early.begin:c.early.end])
	}
	if b.end == 0 {
		l.freeBuffer(b)
		return
	}
	c.server.pending = b
}

// end ends a connection.
func (l *loop) end(c *connection, outcome Outcome) {
	if c.stage == queued {
		l.queued--
		l.engine.queued.Add(-1)
		c.waited += l.now - c.staged
	}
	if c.flowing {
		l.endFlow(c, c.ending(outcome))
	}
	c.stage = unused
	for _, s := range []*side{&c.client, &c.server} {
		if s.fd < 0 {
			continue
		}
		if outcome.abrupt() {
			resetOnClose(s.fd)
		}
		epoll.Close(s.fd)
	}
	l.record(c, outcome)
	l.recycle(&c.client)
	l.recycle(&c.server)
	if c.early != nil {
		l.freeBuffer(c.early)
		c.early = nil
	}
	l.timers.remove(c.number)
	l.open--
	l.engine.open.Add(-1)
	l.freeConnection(c)
}

// abrupt says whether both sides are to know that there was more to come.
func (o Outcome) abrupt() bool {
	return o != Completed && o != IdleTimeout && o != HalfCloseTimeout
}

// ending says what the outcome of a connection tells of the server that had it. One on
// which it said nothing, such as that of a port scan, tells nothing of its speed.
func (c *connection) ending(outcome Outcome) replica.Ending {
	switch outcome {
	case Completed, HalfCloseTimeout:
		if c.server.read > 0 {
			return replica.Completed
		}
	case ServerReset, ServerFailed:
		return replica.Failed
	}
	return replica.Abandoned
}

// endFlow tells the replicas that the present try has ended.
func (l *loop) endFlow(c *connection, how replica.Ending) {
	l.replica.Catch()
	l.replica.End(l.seconds(), uint32(c.number), c.target.slot, how)
	l.serverBytes(c.target.slot).underWay--
	c.flowing = false
	if l.queued > 0 {
		l.admitting = true
	}
}

// expired is called when a connection's timer goes off. Bytes that came since it was set
// put it off.
func (l *loop) expired(c *connection) {
	switch c.stage {
	case greeting:
		l.end(c, BadHeader)
	case queued:
		l.end(c, QueueTimeout)
	case pausing:
		l.choose(c)
	case connecting:
		l.fault(ConnectTimedOut)
		l.tryAgain(c, replica.Failed, ServerFailed)
	case relaying:
		l.idle(c)
	}
}

// idle ends a connection on which no byte has come for too long, or sets its timer anew.
func (l *loop) idle(c *connection) {
	limit, outcome := l.parameters.idle, IdleTimeout
	if c.client.ended || c.server.ended {
		limit, outcome = min(limit, l.parameters.halfClose), HalfCloseTimeout
	}
	switch {
	case l.now < c.active+limit:
		l.setTimer(c, c.active+limit)
	case !c.server.ended && c.client.read > 0 && c.server.read == 0:
		l.fault(SilentUnanswered)
		l.end(c, ServerFailed)
	default:
		l.end(c, outcome)
	}
}
