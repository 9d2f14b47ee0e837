//go:build linux

package load

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newLoop(t *testing.T, servers int) (*Loop, []netip.AddrPort) {
	t.Helper()
	l, err := New()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	addresses, err := l.Serve(servers)
	require.NoError(t, err)
	return l, addresses
}

// TestRun: clients get the whole responses of servers without a balancer, whose bytes
// are the bodies' and the headers'.
func TestRun(t *testing.T) {
	tests := []struct {
		name string
		load Load
	}{
		{"closed loop", Load{Response: 37, Connections: 500, Clients: 16}},
		{"open loop", Load{Response: 37, Connections: 200, Clients: 500, Rate: 5000}},
		{"large", Load{Response: 3e7, Connections: 4, Clients: 4}},
		{"empty", Load{Response: 0, Connections: 3, Clients: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, servers := newLoop(t, 2)
			test.load.Target, test.load.Timeout = servers[1], 20*time.Second
			for range 2 { // a second run finds the loop as the first did
				result, err := l.Run(t.Context(), test.load)
				require.NoError(t, err)
				require.Equal(t, test.load.Connections, result.Completed)
				require.Zero(t, result.Failed)
				require.EqualValues(t, test.load.Connections*(len(responseHeader(test.load.Response))+test.load.Response), result.Bytes)
				require.EqualValues(t, test.load.Connections, result.Latency.TotalCount())
				require.Positive(t, result.Elapsed)
			}
		})
	}
}

// TestOpenLoop: connections are due at the same times whatever becomes of them, so that
// so many take no less than their sum of gaps, and latency counts from when they were
// due, although only one may be open at once.
func TestOpenLoop(t *testing.T) {
	l, servers := newLoop(t, 1)
	load := Load{Target: servers[0], Connections: 20, Clients: 1, Rate: 1000, Timeout: 20 * time.Second, Seed: 3}
	result, err := l.Run(t.Context(), load)
	require.NoError(t, err)
	require.Equal(t, 20, result.Completed)
	require.Greater(t, result.Elapsed, 5*time.Millisecond) // 19 gaps of 1 ms on average, by this seed
	late := Load{Target: servers[0], Connections: 20, Clients: 1, Rate: 1e7, Timeout: 20 * time.Second}
	result, err = l.Run(t.Context(), late)
	require.NoError(t, err)
	require.Greater(t, 4*result.Latency.Max(), result.Elapsed.Microseconds(), "the last has waited for all others")
}

// TestFailures: what does not get a whole response and its end has failed.
func TestFailures(t *testing.T) {
	answers := map[string]func(net.Conn){
		"short": func(c net.Conn) { _, _ = io.WriteString(c, responseHeader(5)+"four") },
		"short, with its end": func(c net.Conn) { // held back until the end goes with it
			raw, err := c.(*net.TCPConn).SyscallConn()
			if err == nil {
				_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, 1) })
			}
			_, _ = io.WriteString(c, responseHeader(5)+"four")
		},
		"long":   func(c net.Conn) { _, _ = io.WriteString(c, responseHeader(5)+"sixsix") },
		"reset":  func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) },
		"silent": func(c net.Conn) { _, _ = c.Read(make([]byte, 64)); _, _ = c.Read(make([]byte, 64)) },
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					c, err := listener.Accept()
					if err != nil {
						return
					}
					answer(c)
					_ = c.Close()
				}
			}()
			t.Cleanup(func() { _ = listener.Close(); <-done })
			l, _ := newLoop(t, 1)
			result, err := l.Run(t.Context(), Load{
				Target: listener.Addr().(*net.TCPAddr).AddrPort(), Response: 5, Connections: 3, Clients: 1, Timeout: 200 * time.Millisecond,
			})
			require.NoError(t, err)
			require.Equal(t, 3, result.Failed)
			require.Zero(t, result.Completed)
		})
	}
}

// TestRefused: nobody listens.
func TestRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	l, _ := newLoop(t, 1)
	result, err := l.Run(t.Context(), Load{Target: listener.Addr().(*net.TCPAddr).AddrPort(), Connections: 5, Clients: 2, Timeout: time.Second})
	require.NoError(t, err)
	require.Equal(t, 5, result.Failed)
}

// TestCancel: a run ends when its context does.
func TestCancel(t *testing.T) {
	l, servers := newLoop(t, 1)
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	_, err := l.Run(ctx, Load{Target: servers[0], Connections: 1e9, Clients: 1, Timeout: time.Second})
	require.ErrorIs(t, err, stop)
}

// TestValidate: a load has all its faults reported at once.
func TestValidate(t *testing.T) {
	l, _ := newLoop(t, 1)
	_, err := l.Run(t.Context(), Load{Response: -1, Rate: -1})
	require.ErrorIs(t, err, ErrLoad)
	for _, fault := range []string{"not an IPv4 address", "response of -1", "0 connections", "0 clients", "rate -1", "timeout 0s"} {
		require.ErrorContains(t, err, fault)
	}
}

func TestParseRequest(t *testing.T) {
	tests := []struct {
		text string
		want int
		ok   bool
	}{
		{string(request(0)), 0, true},
		{string(request(1e6)), 1e6, true},
		{"", 0, false},
		{"GET / HTTP/1.0\r\n\r\n", 0, false},
		{"GET /12", 0, false},
		{"GET /-1 HTTP/1.0\r\n\r\n", 0, false},
		{"GET /" + strings.Repeat("9", 30) + " HTTP/1.0\r\n\r\n", 0, false},
		{"PUT /1 HTTP/1.0\r\n\r\n", 0, false},
	}
	for _, test := range tests {
		got, ok := parseRequest([]byte(test.text))
		require.Equal(t, test.ok, ok, test.text)
		require.Equal(t, test.want, got, test.text)
	}
}
