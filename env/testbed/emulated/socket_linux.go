package emulated

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"fairlb/env/eventqueue"
	"fairlb/env/testbed/epoll"
	"fairlb/env/testbed/plane/proxyprotocol"
)

// This file is the life of a connection: it is accepted (accept), sends requests (read),
// each of which the server takes or refuses (take, offer, refuse), and is answered
// (complete, answer).

// state is what a socket is for.
type state uint8

const (
	unused    state = iota
	listening       // accepts connections
	reading         // waits for a request
	serving         // has a request, in service, waiting or refused
)

// socket is what the loop knows of a file descriptor.
type socket struct {
	state      state
	watched    bool
	keepAlive  bool // what its request wants
	head       bool
	greeted    bool // its header of the PROXY protocol has been read
	server     uint16
	balancer   uint16  // that it came by, its place in tellings and one more; 0: none is known
	generation int32   // of uses of this number
	task       uint32  // serving: the id of its request
	deadline   float64 // s, reading: when it has been silent for too long
	received   []byte  // what has come and not been read as a request
}

const (
	acceptsAtOnce  = 64 // connections, before other sockets get their turn
	requestsAtOnce = 64 // answers to one connection
)

// use notes what a file descriptor is for and returns its generation.
func (s *Servers) use(fd int, state state, server int) int32 {
	for fd >= len(s.sockets) {
		s.sockets = append(s.sockets, socket{})
	}
	x := &s.sockets[fd]
	*x = socket{state: state, server: uint16(server), generation: x.generation + 1, received: x.received[:0]}
	return x.generation
}

// drop closes a socket, by epoll.Close or epoll.Reset.
func (s *Servers) drop(fd int, how func(int)) {
	x := &s.sockets[fd]
	if x.state == reading || x.state == serving {
		s.open--
	}
	x.state = unused
	how(fd)
}

// handle does what an event asks for.
func (s *Servers) handle(e epoll.Event) {
	x := &s.sockets[e.Socket]
	if x.generation != e.Generation {
		return
	}
	switch x.state {
	case listening:
		s.accept(e.Socket)
	case reading:
		s.read(e.Socket)
	case serving:
		if e.Gone() {
			s.counts[x.server].Gone++
			s.tasks[x.task].socket = -1
			s.drop(e.Socket, epoll.Close)
		}
	}
}

// accept takes the connections that wait for a server.
func (s *Servers) accept(listener int) {
	server := int(s.sockets[listener].server)
	for range acceptsAtOnce {
		fd, errno := epoll.Accept(listener)
		if errno == unix.EMFILE || errno == unix.ENFILE || errno == unix.ENOBUFS || errno == unix.ENOMEM {
			// Until the next sweep: the listener would be told of at once, again and again.
			s.sockets[listener].watched = false
			_ = s.poller.Change(listener, s.sockets[listener].generation, 0)
			return
		}
		if errno != 0 {
			return
		}
		if s.open >= s.cfg.MaxConnections {
			s.counts[server].Excess++
			epoll.Reset(fd)
			continue
		}
		s.counts[server].Accepted++
		s.use(fd, reading, server)
		s.open++
		s.sockets[fd].deadline = s.now() + s.cfg.Patience.Seconds()
		s.read(fd)
	}
}

// read reads what has come, and takes the requests that it has. It tries before it has
// the loop told of what comes, for mostly a request is there.
func (s *Servers) read(fd int) {
	for range requestsAtOnce {
		x := &s.sockets[fd]
		if s.cfg.TellResponses && !x.greeted {
			if !s.greet(fd) {
				return
			}
			continue
		}
		r, length, err := parseRequest(x.received)
		if err != nil {
			s.reject(fd, err)
			return
		}
		if length == 0 {
			if !s.receive(fd) {
				return
			}
			continue
		}
		x.received = x.received[:copy(x.received, x.received[length:])]
		x.keepAlive, x.head = r.keepAlive, r.head
		if r.stages > 0 {
			s.take(fd, &r)
			return
		}
		if !s.answer(fd) {
			return
		}
	}
	s.watch(fd, true) // others get their turn
}

// greet reads the header of the PROXY protocol, or what has come of it, and says whether
// the connection goes on.
func (s *Servers) greet(fd int) bool {
	x := &s.sockets[fd]
	length, _, local, err := proxyprotocol.Parse(x.received)
	switch {
	case err != nil:
		s.reject(fd, err)
		return false
	case length == 0:
		return s.receive(fd)
	}
	if k, known := s.tellings.byClients[local]; known {
		x.balancer = uint16(k + 1)
	}
	x.greeted, x.received = true, x.received[:copy(x.received, x.received[length:])]
	return true
}

// reject answers what is no request, and ends its connection.
func (s *Servers) reject(fd int, err error) {
	s.counts[s.sockets[fd].server].Malformed++
	_, _ = epoll.Send(fd, rejection(err)) // who cannot take it is dropped all the same
	s.drop(fd, epoll.Close)
}

// receive reads what has come, and says whether there was anything.
func (s *Servers) receive(fd int) bool {
	x := &s.sockets[fd]
	n, errno := epoll.Receive(fd, s.buffer)
	switch {
	case errno == unix.EAGAIN:
		s.watch(fd, false)
		return false
	case errno != 0 || n == 0:
		if len(x.received) > 0 {
			s.counts[x.server].Malformed++
		}
		s.drop(fd, epoll.Close)
		return false
	}
	x.received = append(x.received, s.buffer[:n]...)
	return true
}

// watch has the loop told of what comes. again says that what has come already is to be
// told of, too.
func (s *Servers) watch(fd int, again bool) {
	x := &s.sockets[fd]
	errno := unix.Errno(0)
	switch {
	case !x.watched:
		errno = s.poller.Watch(fd, x.generation, epoll.ToRead)
	case again:
		errno = s.poller.Change(fd, x.generation, epoll.ToRead)
	}
	if x.watched = true; errno != 0 {
		s.drop(fd, epoll.Reset)
	}
}

// rejection is the answer to what is not a request that servers take.
func rejection(err error) []byte {
	status := "400 Bad Request"
	switch {
	case errors.Is(err, errMethod):
		status = "405 Method Not Allowed"
	case errors.Is(err, errBody):
		status = "413 Content Too Large"
	case errors.Is(err, errTooLarge):
		status = "431 Request Header Fields Too Large"
	}
	return []byte("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

// take begins with a request that a connection has sent.
func (s *Servers) take(fd int, r *request) {
	now := s.now()
	// What is due goes before. An error of what fails to listen comes up in the loop, too,
	// where it ends it.
	if err := s.catchUp(now); err != nil {
		s.failure = err
	}
	x := &s.sockets[fd]
	if x.state != reading { // its server failed just now
		return
	}
	if s.failsFast[x.server] {
		s.counts[x.server].Refused++
		s.drop(fd, epoll.Reset)
		return
	}
	id := uint32(len(s.tasks))
	if n := len(s.free); n > 0 {
		id, s.free = s.free[n-1], s.free[:n-1]
	} else {
		s.tasks = append(s.tasks, task{})
	}
	s.tasks[id] = task{arrival: now, socket: int32(fd), server: x.server}
	x.state, x.task = serving, id
	copy(s.pool.Prepare(id, r.path), r.demands[:])
	s.offer(id, now)
}

// offer lets a request reach its server, which takes it or refuses it. One whose client
// has gone, or has waited for too long, or whose server fails, is not offered again.
func (s *Servers) offer(id uint32, now float64) {
	x := &s.tasks[id]
	if x.socket < 0 || s.failed[x.server] || s.failsFast[x.server] || now >= x.arrival+s.cfg.Timeout {
		s.end(id)
		return
	}
	s.pool.Send(id, int(x.server), 0, 0)
	if !s.pool.HasRoom(id) {
		s.refuse(id)
		return
	}
	s.pool.AddWork(id, 1)
	s.pool.Arrive(now, id)
	s.requests[x.server]++
}

// refuse breaks a request's connection off or, where the scenario's clients try again,
// lets it be offered again: as late after its arrival as the retries say, or at its
// timeout, to be broken off.
func (s *Servers) refuse(id uint32) {
	x := &s.tasks[id]
	s.counts[x.server].Refused++
	if len(s.cfg.Retries) == 0 {
		s.end(id)
		return
	}
	after := s.cfg.Timeout
	if x.retries++; int(x.retries) <= len(s.cfg.Retries) {
		after = 0
		for _, gap := range s.cfg.Retries[:x.retries] {
			after += gap
		}
	}
	s.retries.Push(eventqueue.Entry{Time: x.arrival + min(after, s.cfg.Timeout), Order: s.refusals, ID: id})
	s.refusals++
}

// end breaks the connection of a request off, and frees its id.
func (s *Servers) end(id uint32) {
	if fd := s.tasks[id].socket; fd >= 0 {
		s.drop(int(fd), epoll.Reset)
	}
	s.free = append(s.free, id)
}

// complete answers a request that has passed its last stage.
func (s *Servers) complete(id uint32) {
	x := s.tasks[id]
	s.free = append(s.free, id)
	s.requests[x.server]--
	if x.socket < 0 {
		return
	}
	// The load balancer hears it before it sees the answer, and counts the request still.
	if b := int(s.sockets[x.socket].balancer); s.cfg.TellResponses && b > 0 && b <= len(s.tellings.balancers) {
		s.tell(b-1, int(x.server), s.requests[x.server]+1)
	}
	if s.answer(int(x.socket)) {
		s.answered = append(s.answered, x.socket)
	}
}

// readAnswered reads the connections that were answered and stay, whose next request may
// be there.
func (s *Servers) readAnswered() {
	for k := 0; k < len(s.answered); k++ { // reading one may answer others
		if fd := int(s.answered[k]); s.sockets[fd].state == reading {
			s.read(fd)
		}
	}
	s.answered = s.answered[:0]
}

// answer answers the request of a connection, and says whether the connection stays. An
// answer is so short that there is room for it, unless its client takes none.
func (s *Servers) answer(fd int) (stays bool) {
	x := &s.sockets[fd]
	text := s.answers[x.server][number(x.keepAlive)][number(x.head)]
	if s.cfg.CountHeader {
		s.text = strconv.AppendInt(append(s.text[:0], statusLine+"X-Fairlb-Requests: "...), int64(s.requests[x.server]), 10)
		s.text = append(append(s.text, "\r\n"...), text[len(statusLine):]...)
		text = s.text
	}
	n, errno := epoll.Send(fd, text)
	if errno != 0 || n < len(text) {
		s.counts[x.server].Gone++
		s.drop(fd, epoll.Reset)
		return false
	}
	s.counts[x.server].Completed++
	if !x.keepAlive {
		s.drop(fd, epoll.Close)
		return false
	}
	x.state, x.deadline = reading, s.now()+s.cfg.Patience.Seconds()
	return true
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sweep drops the connections that have been silent for too long, and has the loop told
// again of listeners that were passed over.
func (s *Servers) sweep(now float64) {
	for fd := range s.sockets {
		switch x := &s.sockets[fd]; {
		case x.state == reading && now > x.deadline:
			s.counts[x.server].Silent++
			s.drop(fd, epoll.Reset)
		case x.state == listening && !x.watched:
			x.watched = s.poller.Change(fd, x.generation, unix.EPOLLIN) == 0
		}
	}
}
