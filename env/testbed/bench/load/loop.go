//go:build linux

package load

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
)

// MaxResponse is the largest body that a server sends, in bytes.
const MaxResponse = 64 << 20

// backlog is how many connections a server's kernel queue takes.
const backlog = 4096

// kind is what a socket is.
type kind uint8

const (
	unused kind = iota
	listener
	server
	client
)

// socket is what the loop knows of a file descriptor.
type socket struct {
	kind   kind
	left   int    // server: bytes to send; client: bytes to come
	awaits uint32 // server: of which events the loop is told; 0: none yet
	due    int64  // client: when the connection was due, ns after the run began
	open   int64  // client: when it was opened
}

// Loop runs servers and clients. It belongs to one goroutine, which should be locked to
// its thread.
type Loop struct {
	poller  *epoll.Poller
	sockets []socket // by file descriptor
	buffer  []byte   // what is read, one socket after the other
	body    []byte   // what servers send
	payload int      // bytes of it behind the header
	run     *run     // of clients; nil between runs
}

// New returns a loop without servers.
func New() (*Loop, error) {
	poller, err := epoll.NewPoller()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return &Loop{poller: poller, buffer: make([]byte, 256<<10)}, nil
}

// Close ends all servers.
func (l *Loop) Close() error {
	for fd := range l.sockets {
		l.drop(fd)
	}
	return l.poller.Close()
}

// Serve starts n servers on loopback ports that were free. They answer while Run runs.
func (l *Loop) Serve(n int) ([]netip.AddrPort, error) {
	var addresses []netip.AddrPort
	for range n {
		address, err := l.listen()
		if err != nil {
			return nil, fmt.Errorf("load: server %d: %w", len(addresses), err)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

func (l *Loop) listen() (netip.AddrPort, error) {
	fd, at, err := epoll.Listen(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0), backlog)
	if err != nil {
		return at, err
	}
	l.use(fd, socket{kind: listener})
	if errno := l.poller.Watch(fd, 0, unix.EPOLLIN); errno != 0 {
		l.drop(fd)
		return at, errno
	}
	return at, nil
}

// use notes what fd is.
func (l *Loop) use(fd int, s socket) {
	for fd >= len(l.sockets) {
		l.sockets = append(l.sockets, socket{})
	}
	l.sockets[fd] = s
}

// drop closes fd, if it is the loop's.
func (l *Loop) drop(fd int) {
	if l.sockets[fd].kind != unused {
		l.sockets[fd] = socket{}
		epoll.Close(fd)
	}
}

// wait waits at most so long and handles what has happened.
func (l *Loop) wait(limit time.Duration) error {
	events, err := l.poller.Wait(limit)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	for _, e := range events {
		switch l.sockets[e.Socket].kind {
		case listener:
			l.accept(e.Socket)
		case server:
			l.serve(e.Socket)
		case client:
			l.receive(e.Socket, e.What)
		}
	}
	return nil
}

// accept takes the connections that wait for a server.
func (l *Loop) accept(listener int) {
	for range backlog {
		fd, errno := epoll.Accept(listener)
		if errno != 0 {
			return
		}
		l.use(fd, socket{kind: server})
		l.serve(fd)
	}
}

// serve reads a request, or goes on with the response. It tries before it has the loop
// told of what comes, for mostly the request is there.
func (l *Loop) serve(fd int) {
	s := &l.sockets[fd]
	if s.left == 0 {
		n, errno := epoll.Receive(fd, l.buffer)
		if errno == unix.EAGAIN {
			l.await(fd, epoll.ToRead)
			return
		}
		size, ok := parseRequest(l.buffer[:max(n, 0)])
		if errno != 0 || !ok {
			l.drop(fd)
			return
		}
		s.left = l.size(size)
	}
	for s.left > 0 {
		n, errno := epoll.Send(fd, l.body[len(l.body)-s.left:])
		if errno == unix.EAGAIN {
			l.await(fd, epoll.ToWrite)
			return
		}
		if errno != 0 {
			break
		}
		s.left -= n
	}
	l.drop(fd)
}

// await has the loop told of such events on a server's socket.
func (l *Loop) await(fd int, events uint32) {
	s := &l.sockets[fd]
	watch := l.poller.Change
	if s.awaits == 0 {
		watch = l.poller.Watch
	}
	if s.awaits != events && watch(fd, 0, events) != 0 {
		l.drop(fd)
		return
	}
	s.awaits = events
}

// size makes the response of so many bytes, if it is another than the last, and returns
// its length with its header.
func (l *Loop) size(bytes int) int {
	if l.body == nil || bytes != l.payload {
		header := responseHeader(bytes)
		l.payload = bytes
		l.body = append(make([]byte, 0, len(header)+bytes), header...)
		for len(l.body) < cap(l.body) {
			l.body = append(l.body, 'x')
		}
	}
	return len(l.body)
}

// request asks for a response of so many bytes.
func request(bytes int) []byte {
	return []byte("GET /" + strconv.Itoa(bytes) + " HTTP/1.0\r\n\r\n")
}

func responseHeader(bytes int) string {
	return "HTTP/1.0 200 OK\r\nContent-Length: " + strconv.Itoa(bytes) + "\r\n\r\n"
}

// parseRequest returns how many bytes a request asks for. It takes whole requests
// alone: ours are sent and arrive in one piece.
func parseRequest(b []byte) (int, bool) {
	const front, back = "GET /", " HTTP/1.0\r\n\r\n"
	if len(b) <= len(front)+len(back) || string(b[:len(front)]) != front || string(b[len(b)-len(back):]) != back {
		return 0, false
	}
	n := 0
	for _, c := range b[len(front) : len(b)-len(back)] {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = 10*n + int(c-'0'); n > MaxResponse {
			return 0, false
		}
	}
	return n, true
}
