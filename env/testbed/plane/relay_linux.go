package plane

import (
	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
	"fairlb/env/testbed/plane/replica"
)

// turnBytes is how many bytes of one direction are passed on before other connections have
// their turn.
const turnBytes = 1 << 20

// progress says how far a direction has come.
type progress uint8

const (
	stuck      progress = iota // it waits for something that epoll will tell
	unfinished                 // it has had its turn, and can go on
	readBroke                  // the side that is read was reset
	writeBroke                 // the side that is written to was
)

// relay passes on what can be passed on, and ends the connection where that is due.
func (l *loop) relay(c *connection) {
	up, down := stuck, stuck
	if !c.server.broken {
		up = l.move(c, &c.client, &c.server)
	}
	if up == writeBroke { // what it has said before is still to be read
		c.server.broken, c.server.readable, up = true, true, stuck
	}
	if up != readBroke {
		down = l.move(c, &c.server, &c.client)
	}
	if down == readBroke { // and to be passed on
		c.server.ended, c.server.broken, c.server.reset, down = true, true, true, stuck
	}
	switch {
	case up == readBroke || down == writeBroke:
		l.end(c, ClientReset)
	case c.server.ended && c.server.broken && c.client.empty():
		l.serverBroke(c)
	case c.server.ended && c.server.read == 0 && !c.client.ended && l.closedUnanswered(c):
	case c.client.ended && c.server.ended && c.client.empty() && c.server.empty():
		l.end(c, Completed)
	case up == unfinished || down == unfinished:
		if !c.moving {
			c.moving = true
			l.moving = append(l.moving, c.number)
		}
	case c.client.ended != c.server.ended:
		l.halfClosed(c)
	}
}

// empty says whether nothing waits to be written to a side.
func (s *side) empty() bool { return s.pending == nil && (s.pipe == nil || s.pipe.held == 0) }

// halfClosed tells the end of one side to the other, once everything before it was
// passed on, and from then on waits for the rest no longer than Timeouts.HalfClose.
func (l *loop) halfClosed(c *connection) {
	from, to := &c.client, &c.server
	if c.server.ended {
		from, to = to, from
	}
	if !from.ended || to.shut || !to.empty() {
		return
	}
	shutdownWriting(to.fd)
	to.shut = true
	if from == &c.server && c.server.read > 0 { // it is done, whatever the client waits for
		l.endFlow(c, replica.Completed)
	}
	if l.parameters.halfClose < l.parameters.idle {
		l.setTimer(c, c.active+l.parameters.halfClose)
	}
}

// serverBroke is called when a server takes no more of a connection, and all that it had
// to say was passed on.
func (l *loop) serverBroke(c *connection) {
	switch {
	case c.server.read > 0 && c.server.reset:
		l.end(c, ServerReset)
		return
	case c.server.read > 0: // it had answered and ended in order, and did not want the rest
		l.end(c, Completed)
		return
	}
	l.fault(ResetUnanswered)
	l.unanswered(c)
}

// closedUnanswered ends a connection, or goes on with another server, if its server closed
// it without an answer to what it was sent, or at once. It says whether it did so.
func (l *loop) closedUnanswered(c *connection) bool {
	if c.client.read == 0 && l.now-c.staged > promptClose {
		return false // nobody said anything, which is no fault
	}
	l.fault(ClosedUnanswered)
	l.unanswered(c)
	return true
}

// unanswered goes on with another server if nothing of the client's has been sent to the
// present one, and ends the connection if something has.
func (l *loop) unanswered(c *connection) {
	if c.client.read == 0 && (c.early == nil || !c.server.sent) {
		l.tryAgain(c, replica.Failed, ServerFailed)
		return
	}
	l.end(c, ServerFailed)
}

// move passes on what came from one side to the other.
func (l *loop) move(c *connection, from, to *side) progress {
	for moved := 0; moved < turnBytes; {
		if !to.empty() {
			if !to.writable {
				return stuck
			}
			if errno := l.flush(to); errno != 0 {
				return writeBroke
			}
			continue
		}
		if !from.readable || from.ended {
			return stuck
		}
		n, how := 0, stuck
		if l.parameters.splice > 0 && from.read >= l.parameters.splice && l.hasPipe(to) {
			n, how = l.splice(from, to)
		} else {
			n, how = l.copy(from, to)
		}
		if n > 0 {
			l.came(c, from, n)
			moved += n
		}
		if how != stuck {
			return how
		}
	}
	return unfinished
}

// came counts what was read of a side.
func (l *loop) came(c *connection, from *side, n int) {
	c.active = l.now
	if from == &c.server {
		if from.read == 0 {
			c.first = l.now - c.accepted
		}
		l.sent += uint64(n)
		l.serverBytes(c.target.slot).received += uint64(n)
	} else {
		l.received += uint64(n)
		l.serverBytes(c.target.slot).sent += uint64(n)
	}
	from.read += uint64(n)
}

// copy reads from one side and writes to the other. What that does not take is kept for it.
func (l *loop) copy(from, to *side) (int, progress) {
	n, errno := epoll.Receive(from.fd, l.scratch)
	if n, how := from.took(n, errno); n == 0 {
		return 0, how
	}
	switch {
	case n == len(l.scratch):
	case from.finished:
		from.ended = true // there was no more, and there will be none
	case !from.hungUp:
		from.readable = false // there was no more; epoll tells when there is
	}
	written := 0
	if to.writable {
		if to.sent && !to.prompt { // the first goes out at once in any case
			sendAtOnce(to.fd)
			to.prompt = true
		}
		to.sent = true
		written, errno = epoll.Send(to.fd, l.scratch[:n])
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR:
			written = 0
			to.writable = errno == unix.EINTR
		case errno != 0:
			return n, writeBroke
		}
	}
	if written < n {
		b := l.newBuffer()
		b.end = copy(b.bytes, l.scratch[written:n])
		to.pending = b
	}
	return n, stuck
}

// flush writes what waits to be written to a side.
func (l *loop) flush(to *side) unix.Errno {
	var n int
	var errno unix.Errno
	if b := to.pending; b != nil {
		to.sent = true
		n, errno = epoll.Send(to.fd, b.bytes[b.begin:b.end])
		if errno == 0 {
			if b.begin += n; b.begin == b.end {
				l.freeBuffer(b)
				to.pending = nil
			}
		}
	} else {
		n, errno = spliceBytes(to.pipe.reading, to.fd, to.pipe.held)
		if errno == 0 {
			to.pipe.held -= n
			l.spliced += uint64(n)
		}
	}
	switch errno {
	case unix.EAGAIN:
		to.writable = false
		return 0
	case unix.EINTR:
		return 0
	}
	return errno
}

// hasPipe says whether there is a pipe to splice through to a side.
func (l *loop) hasPipe(to *side) bool {
	if to.pipe != nil {
		return true
	}
	if n := len(l.pipes); n > 0 {
		to.pipe, l.pipes = l.pipes[n-1], l.pipes[:n-1]
		l.pipesUsed++
		return true
	}
	if l.now < l.noPipeUntil {
		return false
	}
	reading, writing, err := newPipe()
	if err != nil {
		l.fault(PipesExhausted)
		l.noPipeUntil = l.now + int64(1e9)
		return false
	}
	to.pipe = &pipe{reading: reading, writing: writing}
	l.pipesUsed++
	return true
}

// splice moves bytes from one side to the pipe of the other, which is empty.
func (l *loop) splice(from, to *side) (int, progress) {
	n, errno := spliceBytes(from.fd, to.pipe.writing, pipeBytes)
	n, how := from.took(n, errno)
	to.pipe.held = n
	return n, how
}

// took notes what an attempt to read a side has told: so many bytes, its end, that there is
// nothing yet, or that it broke. It returns the bytes that came.
func (s *side) took(n int, errno unix.Errno) (int, progress) {
	switch {
	case errno == unix.EAGAIN:
		s.readable = false
	case errno == unix.EINTR:
	case errno != 0:
		return 0, readBroke
	case n == 0:
		s.ended = true
	default:
		return n, stuck
	}
	return 0, stuck
}
