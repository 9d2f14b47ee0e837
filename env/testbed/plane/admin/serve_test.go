package admin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
)

// socketFolder is a folder with a short path.
func socketFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fairlb")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// TestListen: the socket is its owner's alone, and goes with the listener.
func TestListen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(socketFolder(t), "admin")
	l, err := Listen(t.Context(), path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.ModeSocket|0o600, info.Mode())
	_, err = Listen(t.Context(), path)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, path)
	require.NoError(t, l.Close())
	require.NoFileExists(t, path)
}

// TestListenReplacesDead: a socket that a killed process left is replaced.
func TestListenReplacesDead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(socketFolder(t), "admin")
	dead, err := net.Listen("unix", path)
	require.NoError(t, err)
	dead.(*net.UnixListener).SetUnlinkOnClose(false) // as SIGKILL leaves it
	require.NoError(t, dead.Close())
	require.FileExists(t, path)
	l, err := Listen(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// TestListenAtOnce: of several that begin at once behind a dead process, one gets the
// socket.
func TestListenAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(socketFolder(t), "admin")
	dead, err := net.Listen("unix", path)
	require.NoError(t, err)
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, dead.Close())
	var mu sync.Mutex
	var got []net.Listener
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			l, err := Listen(t.Context(), path)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				got = append(got, l)
			} else if !errors.Is(err, ErrInUse) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Len(t, got, 1)
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, got[0].Close())
}

// TestListenRefuses: nothing is removed but a dead socket.
func TestListenRefuses(t *testing.T) {
	t.Parallel()
	dir := socketFolder(t)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("kept"), 0o600))
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(file, link))
	for path, want := range map[string]error{
		file: ErrNotSocket, link: ErrNotSocket, dir: ErrNotSocket, filepath.Join(dir, "none", "admin"): os.ErrNotExist,
		"": ErrPath, "@abstract": ErrPath, filepath.Join(dir, strings.Repeat("x", longestPath)): ErrPath,
	} {
		_, err := Listen(t.Context(), path)
		require.ErrorIs(t, err, want, path)
	}
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "kept", string(kept))
}

// serving serves a handler at a socket until the test ends, and returns the socket's path.
func serving(t *testing.T, h http.Handler) string {
	t.Helper()
	path := filepath.Join(socketFolder(t), "admin")
	l, err := Listen(t.Context(), path)
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, h, log) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
		require.NoFileExists(t, path)
	})
	return path
}

// clientOf returns a client that asks at a socket.
func clientOf(t *testing.T, path string) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// TestServe: requests are answered over the socket, and a panic is an answer, too.
func TestServe(t *testing.T) {
	t.Parallel()
	client := clientOf(t, serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("broken")
		}
		io.WriteString(w, "fine")
	})))
	for path, status := range map[string]int{"/": http.StatusOK, "/panic": http.StatusInternalServerError} {
		response, err := client.Get("http://lb" + path)
		require.NoError(t, err)
		require.Equal(t, status, response.StatusCode)
		require.NoError(t, response.Body.Close())
	}
}

// TestConnectionsAreBounded: those beyond the bound wait, and get their turn.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	path := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") }))
	request := "GET / HTTP/1.1\r\nHost: lb\r\n\r\n"
	var held []net.Conn
	defer func() {
		for _, c := range held {
			c.Close()
		}
	}()
	for range Connections {
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		held = append(held, conn)
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
		_, err = bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
	}
	more, err := net.Dial("unix", path)
	require.NoError(t, err)
	held = append(held, more)
	_, err = io.WriteString(more, request)
	require.NoError(t, err)
	require.NoError(t, more.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = more.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, held[0].Close())
	require.NoError(t, more.SetReadDeadline(time.Now().Add(30*time.Second)))
	line, err := bufio.NewReader(more).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200 OK\r\n", line)
}

// TestClient: a client is told what the interface knows, has servers drained, and gets what
// is wrong as an error.
func TestClient(t *testing.T) {
	t.Parallel()
	f, cfg := newFake()
	socket := filepath.Join(socketFolder(t), "s")
	c := NewClient(socket, 20*time.Second)
	_, err := c.State(t.Context())
	require.Error(t, err, "nobody is there yet")
	l, err := Listen(t.Context(), socket)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, Full(cfg), cfg.Logger) }()
	state, err := c.State(t.Context())
	require.NoError(t, err)
	require.Equal(t, "web", state.Name)
	require.Len(t, state.Servers, 3)
	require.NoError(t, c.SetDrained(t.Context(), "b/1", true))
	require.True(t, f.drained["b/1"])
	require.NoError(t, c.SetDrained(t.Context(), "b/1", false))
	require.False(t, f.drained["b/1"])
	require.ErrorContains(t, c.SetDrained(t.Context(), "x", true), "there is no such server")
	stop()
	require.NoError(t, <-done)
}
