//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/plane/admin"
)

// namedServer is a server that answers each line with its name.
type namedServer struct {
	name    string
	address string
	stop    func()
}

// newNamedServer serves at an address until the test or stop ends it.
func newNamedServer(t *testing.T, name, address string) *namedServer {
	t.Helper()
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	var group sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	ended := false
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = true
			if ended {
				conn.Close()
			}
			mu.Unlock()
			group.Go(func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					if _, err := fmt.Fprintln(conn, name); err != nil {
						return
					}
				}
			})
		}
	})
	s := &namedServer{name: name, address: l.Addr().String()}
	s.stop = sync.OnceFunc(func() {
		l.Close()
		mu.Lock()
		ended = true
		for conn := range open {
			conn.Close()
		}
		mu.Unlock()
		group.Wait()
	})
	t.Cleanup(s.stop)
	return s
}

// balancerProcess is fairlb lb as a process of its own.
type balancerProcess struct {
	t      *testing.T
	dir    string
	file   string
	cmd    *exec.Cmd
	said   *syncBuffer
	waited chan struct{}
	client *http.Client
}

// newBalancer prepares a process in a folder of its own.
func newBalancer(t *testing.T) *balancerProcess {
	t.Helper()
	dir, err := os.MkdirTemp("", "lb") // of a short name, for the socket
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	b := &balancerProcess{t: t, dir: dir, file: filepath.Join(dir, "lb.yaml")}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "admin"))
	}}
	b.client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return b
}

// write writes the settings' file.
func (b *balancerProcess) write(more string, servers ...*namedServer) {
	b.t.Helper()
	text := fmt.Sprintf("name: web\nlisten: [{address: '127.0.0.1:0'}]\nadmin: {socket: %s/admin}\n%sservers:\n", b.dir, more)
	for _, s := range servers {
		text += fmt.Sprintf("- {name: %s, address: '%s'}\n", s.name, s.address)
	}
	require.NoError(b.t, os.WriteFile(b.file, []byte(text), 0o600))
}

// start starts the process, and waits until it is ready.
func (b *balancerProcess) start(prepare ...func(*exec.Cmd)) {
	b.t.Helper()
	b.said, b.waited = &syncBuffer{}, make(chan struct{})
	b.cmd = program(b.t, "lb", b.file)
	b.cmd.Stderr = b.said
	for _, do := range prepare {
		do(b.cmd)
	}
	require.NoError(b.t, b.cmd.Start())
	cmd, waited := b.cmd, b.waited
	go func() { defer close(waited); _ = cmd.Wait() }()
	b.t.Cleanup(func() { _ = cmd.Process.Kill(); <-waited })
	b.await("it is ready", func() bool {
		response, err := b.client.Get("http://lb/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// await waits for a condition.
func (b *balancerProcess) await(what string, condition func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("not in time: %s\n%s", what, b.said.String())
		}
	}
}

// awaitSaid waits until the log has a text so often.
func (b *balancerProcess) awaitSaid(text string, times int) {
	b.t.Helper()
	b.await(text, func() bool { return strings.Count(b.said.String(), text) >= times })
}

// signal sends a signal.
func (b *balancerProcess) signal(s syscall.Signal) {
	b.t.Helper()
	require.NoError(b.t, b.cmd.Process.Signal(s))
}

// exit waits for the end and returns the exit code; -1: a signal's.
func (b *balancerProcess) exit() int {
	b.t.Helper()
	select {
	case <-b.waited:
	case <-time.After(30 * time.Second):
		b.t.Fatalf("the balancer does not end\n%s", b.said.String())
	}
	return b.cmd.ProcessState.ExitCode()
}

// get asks the admin interface.
func (b *balancerProcess) get(path string) string {
	b.t.Helper()
	response, err := b.client.Get("http://lb" + path)
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return string(body)
}

// post has the admin interface do something, and returns the status.
func (b *balancerProcess) post(path, body string) int {
	b.t.Helper()
	response, err := b.client.Post("http://lb"+path, "application/json", strings.NewReader(body))
	require.NoError(b.t, err)
	require.NoError(b.t, response.Body.Close())
	return response.StatusCode
}

// state is the balancer's own.
func (b *balancerProcess) state() (s admin.State) {
	b.t.Helper()
	require.NoError(b.t, json.Unmarshal([]byte(b.get("/state")), &s))
	return s
}

// server is the state of a server.
func (b *balancerProcess) server(name string) admin.ServerState {
	b.t.Helper()
	s := b.state()
	k := slices.IndexFunc(s.Servers, func(s admin.ServerState) bool { return s.Name == name })
	require.GreaterOrEqual(b.t, k, 0, "%v", s.Servers)
	return s.Servers[k]
}

// connection is a client's.
type connection struct {
	net.Conn
	lines *bufio.Reader
}

// connect opens a connection through the balancer.
func (b *balancerProcess) connect() *connection {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.state().Listen[0])
	require.NoError(b.t, err)
	b.t.Cleanup(func() { conn.Close() })
	require.NoError(b.t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	return &connection{conn, bufio.NewReader(conn)}
}

// ask returns the name of the server at the other end.
func (c *connection) ask(t *testing.T) string {
	t.Helper()
	_, err := fmt.Fprintln(c, "who?")
	require.NoError(t, err)
	name, err := c.lines.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(name)
}
