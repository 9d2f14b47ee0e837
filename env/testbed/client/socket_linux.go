package client

import (
	"golang.org/x/sys/unix"

	"fairlb/env/eventqueue"
	"fairlb/env/testbed/epoll"
)

// This file is the life of a connection: it is opened for a request (connect), sends it
// (transmit), receives the answer (receive), and then serves another request or ends
// (finish).

// state is what a socket does.
type state uint8

const (
	unused  state = iota
	sending       // connects, or has more of a request to send
	waiting       // for an answer
	resting       // waits for another request
	ending        // waits for the other side to close
)

// patience (s) is how long the other side has to close a connection after its last
// answer. Whoever closes first keeps the port for a minute, and a client needs its own.
const patience = 1

// socket is what the loop knows of a file descriptor.
type socket struct {
	state      state
	watchedFor uint32 // events
	generation int32  // of uses of this number
	lb         int
	flight     uint32 // sending and waiting: the id of its request
	sent       int    // bytes of the request
	used       bool   // an earlier request was answered by it
}

// drop closes a socket, if it is one of the run's.
func (r *run) drop(fd int) {
	if s := &r.sockets[fd]; s.state != unused {
		s.state = unused
		r.open--
		epoll.Close(fd)
	}
}

// connect opens a connection for a request. On loopback it is there before connect
// returns, although connect says that it is in progress, so that the request can be sent
// at once.
func (r *run) connect(id uint32, now float64) {
	f := &r.flights[id]
	if r.open >= r.cfg.Connections {
		r.fail(id, Unsent)
		return
	}
	fd, errno := epoll.New()
	if errno != 0 {
		r.fail(id, Unsent)
		return
	}
	for fd >= len(r.sockets) {
		r.sockets = append(r.sockets, socket{})
	}
	s := &r.sockets[fd]
	*s = socket{generation: s.generation + 1, lb: f.lb}
	r.open++
	r.attach(id, fd)
	switch errno := epoll.Connect(fd, &r.targets[f.lb]); errno {
	case 0, unix.EINPROGRESS:
		r.transmit(fd)
	case unix.EADDRNOTAVAIL, unix.EAGAIN: // no port to come from
		r.fail(id, Unsent)
	default:
		r.refused(id, now)
	}
}

// attach gives a connection a request.
func (r *run) attach(id uint32, fd int) {
	s := &r.sockets[fd]
	s.state, s.flight, s.sent = sending, id, 0
	r.flights[id].socket = int32(fd)
}

// transmit sends what is left of a request.
func (r *run) transmit(fd int) {
	s := &r.sockets[fd]
	f := &r.flights[s.flight]
	n, errno := epoll.Send(fd, f.request[s.sent:])
	switch {
	case errno == unix.EAGAIN || errno == unix.ENOTCONN: // not connected yet, or no room
		r.watch(fd, epoll.ToWrite)
		return
	case errno != 0:
		r.lost(fd)
		return
	}
	if s.sent += n; s.sent < len(f.request) {
		r.watch(fd, epoll.ToWrite)
		return
	}
	s.state = waiting
	r.watch(fd, epoll.ToRead)
}

// watch has the loop told of such events on a socket.
func (r *run) watch(fd int, events uint32) {
	s := &r.sockets[fd]
	errno := unix.Errno(0)
	switch s.watchedFor {
	case events:
	case 0:
		errno = r.poller.Watch(fd, s.generation, events)
	default:
		errno = r.poller.Change(fd, s.generation, events)
	}
	s.watchedFor = events
	if errno != 0 {
		r.fail(s.flight, Unsent)
	}
}

// handle does what an event asks for.
func (r *run) handle(e epoll.Event) {
	s := &r.sockets[e.Socket]
	if s.generation != e.Generation {
		return
	}
	switch s.state {
	case sending:
		if e.Gone() {
			r.lost(e.Socket)
			return
		}
		if e.What&unix.EPOLLOUT != 0 {
			r.transmit(e.Socket)
		}
		if s := &r.sockets[e.Socket]; s.state == waiting && e.What&(unix.EPOLLIN|unix.EPOLLRDHUP) != 0 {
			r.receive(e.Socket, e.What)
		}
	case waiting:
		r.receive(e.Socket, e.What)
	case resting: // the other side has closed it, or says what nobody asked for
		idle := r.idle[s.lb]
		for k, fd := range idle {
			if int(fd) == e.Socket {
				r.idle[s.lb] = append(idle[:k], idle[k+1:]...)
				break
			}
		}
		r.drop(e.Socket)
	case ending:
		r.drop(e.Socket)
	}
}

// receive reads what has come of an answer. When the event says that the other side has
// ended, whatever was to come is there, and a short read is the last.
func (r *run) receive(fd int, what uint32) {
	s := &r.sockets[fd]
	f := &r.flights[s.flight]
	for {
		n, errno := epoll.Receive(fd, r.buffer)
		if errno == unix.EAGAIN {
			return
		}
		if errno != 0 {
			r.lost(fd)
			return
		}
		ended := n == 0 || n < len(r.buffer) && what&unix.EPOLLRDHUP != 0
		if n > 0 && !f.answer.add(r.buffer[:n]) {
			r.fail(s.flight, Malformed)
			return
		}
		if f.answer.whole(ended) {
			r.finish(fd, ended)
			return
		}
		if ended {
			if !f.answer.begun() {
				r.lost(fd)
				return
			}
			r.fail(s.flight, Ended)
			return
		}
		if n < len(r.buffer) {
			return
		}
	}
}

// finish ends a request whose whole answer has come. The connection stays for another, if
// both sides want that.
func (r *run) finish(fd int, ended bool) {
	s := &r.sockets[fd]
	id := s.flight
	closes := r.flights[id].answer.close || !r.cfg.KeepAlive
	switch {
	case ended:
		r.drop(fd)
	case closes:
		s.state = ending
		r.endings.Push(eventqueue.Entry{Time: r.now() + patience, Order: uint32(s.generation), ID: uint32(fd)})
	default:
		s.state, s.used = resting, true
		r.idle[s.lb] = append(r.idle[s.lb], int32(fd))
	}
	r.flights[id].socket = -1
	r.complete(id)
}

// lost ends a connection that broke off, or ended before anything of an answer had come.
// One that an earlier request had used may have ended as this one was sent, and the
// request gets another at once. Else the request was refused.
func (r *run) lost(fd int) {
	s := &r.sockets[fd]
	id, used := s.flight, s.used
	r.drop(fd)
	f := &r.flights[id]
	f.socket = -1
	switch {
	case f.answer.begun():
		r.fail(id, BrokenOff)
	case used:
		r.connect(id, r.now())
	default:
		r.refused(id, r.now())
	}
}

// refused lets a request that was refused be tried again later, if it may.
func (r *run) refused(id uint32, now float64) {
	f := &r.flights[id]
	if fd := f.socket; fd >= 0 {
		r.drop(int(fd))
		f.socket = -1
	}
	if int(f.tries) == len(r.cfg.Retries) {
		r.fail(id, Refused)
		return
	}
	r.retries.Push(eventqueue.Entry{Time: now + r.cfg.Retries[f.tries], Order: f.number, ID: id})
	f.tries++
}
