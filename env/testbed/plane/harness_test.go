//go:build linux

package plane

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
)

// soon is how long a test waits for what must happen.
const soon = 20 * time.Second

// testServer is a server of TCP connections: serve is called for each, and the connection
// closed behind it.
type testServer struct {
	net.Listener
	accepted atomic.Int64
	done     sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool
}

func newServer(t *testing.T, serve func(net.Conn)) *testServer {
	t.Helper()
	return newServerAt(t, "127.0.0.1:0", serve)
}

func newServerAt(t *testing.T, address string, serve func(net.Conn)) *testServer {
	t.Helper()
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	s := &testServer{Listener: l, open: map[net.Conn]bool{}}
	s.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			s.mu.Lock()
			s.open[conn] = true
			s.mu.Unlock()
			s.done.Go(func() {
				serve(conn)
				conn.Close()
				s.mu.Lock()
				delete(s.open, conn)
				s.mu.Unlock()
			})
		}
	})
	t.Cleanup(s.stop)
	return s
}

// stop closes the server and all its connections.
func (s *testServer) stop() {
	s.Close()
	s.mu.Lock()
	for conn := range s.open {
		conn.Close()
	}
	s.mu.Unlock()
	s.done.Wait()
}

func (s *testServer) config(name string) Server {
	return Server{Name: name, Address: s.Addr().String()}
}

// echo sends back what it reads, until its end.
func echo(conn net.Conn) { _, _ = io.Copy(conn, conn) }

// named returns a server's work: to say its name and end.
func named(name string) func(net.Conn) {
	return func(conn net.Conn) {
		b := make([]byte, 1)
		if _, err := conn.Read(b); err == nil {
			fmt.Fprint(conn, name)
		}
	}
}

// testConfig returns settings for tests: without health checks, since nobody makes them.
func testConfig(servers ...Server) Config {
	cfg := Default()
	cfg.Listen = []Listen{{Address: "127.0.0.1:0"}}
	cfg.Servers = servers
	cfg.Rule.Name, cfg.Rule.Ties, cfg.Rule.Seed = "lsq", "ordered", 1
	cfg.Loops = 2
	cfg.Log.Connections = "-"
	return cfg
}

// running is a balancer that runs as long as its test.
type running struct {
	*Plane
	t       *testing.T
	address string
	cancel  context.CancelFunc
	result  chan error
	once    sync.Once
}

func start(t *testing.T, cfg Config) *running {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	p, err := New(cfg, log)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Plane: p, t: t, address: p.Addresses()[0].String(), cancel: cancel, result: make(chan error, 1)}
	go func() { r.result <- p.Run(ctx) }()
	t.Cleanup(r.stop)
	return r
}

// stop cuts the balancer and waits for its end.
func (r *running) stop() {
	r.cancel()
	r.once.Do(func() {
		select {
		case err := <-r.result:
			require.NoError(r.t, err)
		case <-time.After(soon):
			r.t.Error("the balancer does not end")
		}
	})
}

func (r *running) dial() *net.TCPConn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.address)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { conn.Close() })
	require.NoError(r.t, conn.SetDeadline(time.Now().Add(soon)))
	return conn.(*net.TCPConn)
}

// ask makes a connection, sends a byte, and returns all that comes.
func (r *running) ask() (string, error) { return askAt(r.address) }

func askAt(address string) (string, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(soon))
	if _, err := conn.Write([]byte("?")); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	return string(answer), err
}

// eventually waits until the state is as it should be.
func (r *running) eventually(what string, ok func(s Snapshot) bool) Snapshot {
	r.t.Helper()
	for until := time.Now().Add(soon); ; time.Sleep(5 * time.Millisecond) {
		s := r.Snapshot()
		if ok(s) {
			return s
		}
		if time.Now().After(until) {
			require.FailNow(r.t, "it did not come to this: "+what, "%+v", s)
		}
	}
}

// ended waits until so many connections have ended in a way.
func (r *running) ended(how Outcome, n uint64) Snapshot {
	r.t.Helper()
	return r.eventually(fmt.Sprint(n, " ended as ", how), func(s Snapshot) bool { return s.Ended[how] >= n })
}
