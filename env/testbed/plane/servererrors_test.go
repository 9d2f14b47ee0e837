//go:build linux

package plane

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRetry: a server that refuses, or resets before it was sent anything, costs no
// client anything; and passive checks put it out.
func TestRetry(t *testing.T) {
	t.Parallel()
	gone := newServer(t, echo)
	gone.stop()
	good := newServer(t, named("good"))
	cfg := testConfig(gone.config("gone"), good.config("good"))
	cfg.Health.Passive, cfg.Health.Penalty = 3, 1000
	cfg.Loops = 1 // another one's failures are known a moment later
	r := start(t, cfg)
	for range 20 {
		answer, err := r.ask()
		require.NoError(t, err)
		require.Equal(t, "good", answer)
	}
	s := r.ended(Completed, 20)
	require.Equal(t, uint64(3), s.Servers[0].Failed, "then it is out")
	require.True(t, s.Servers[0].Penalised)
	require.False(t, s.Servers[0].In)
	require.Equal(t, uint64(3), s.Retried)
	require.Equal(t, uint64(3), s.Faults[ConnectRefused])
	require.Equal(t, uint64(1), s.Faults[PutOut])
	require.NoError(t, r.SetUp("gone", true))
	require.True(t, r.Snapshot().Servers[0].In, "a health check knows better")
	require.ErrorIs(t, r.SetUp("nobody", true), ErrUnknownServer)
}

// TestResetAtOnce: a server that resets each connection as it comes is left for another.
func TestResetAtOnce(t *testing.T) {
	t.Parallel()
	resets := newServer(t, func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) })
	good := newServer(t, func(conn net.Conn) { fmt.Fprint(conn, "good") })
	cfg := testConfig(resets.config("resets"), good.config("good"))
	cfg.Health.Passive, cfg.Loops = 5, 1
	r := start(t, cfg)
	for range 20 {
		conn := r.dial() // nothing is sent, so that another server may be tried
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.Equal(t, "good", string(answer))
		conn.Close()
	}
	s := r.ended(Completed, 20)
	require.Equal(t, uint64(5), s.Servers[0].Failed)
	// The reset may come before the balancer has looked whether it is connected.
	require.Equal(t, uint64(5), s.Faults[ResetUnanswered]+s.Faults[ConnectRefused])
}

// TestResetInTheAnswer: a client is not to take a part of an answer for the whole.
func TestResetInTheAnswer(t *testing.T) {
	t.Parallel()
	breaks := newServer(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		fmt.Fprint(conn, "half")
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	cfg := testConfig(breaks.config("breaks"))
	cfg.Health.Passive = 0
	r := start(t, cfg)
	for range 50 {
		_, err := r.ask()
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	s := r.eventually("all have failed", func(s Snapshot) bool { return s.Servers[0].Failed == 50 })
	require.Zero(t, s.Ended[Completed])
	require.Positive(t, s.Ended[ServerReset])
}

// TestNobodyIsThere: where no server takes a connection the client is told so, by a reset,
// after as many tries as are allowed.
func TestNobodyIsThere(t *testing.T) {
	t.Parallel()
	gone := newServer(t, echo)
	gone.stop()
	cfg := testConfig(gone.config("gone"))
	cfg.Retry.Attempts = 2
	r := start(t, cfg)
	_, err := r.ask()
	require.ErrorIs(t, err, syscall.ECONNRESET)
	s := r.ended(ServerFailed, 1)
	require.Equal(t, uint64(2), s.Servers[0].Failed)
	require.True(t, s.Servers[0].In, "the last one stays")
	require.NoError(t, r.SetUp("gone", false))
	_, err = r.ask()
	require.Error(t, err)
	r.ended(NoServer, 1)
}

// TestTimeouts: each wait has its end.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	silent := newServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	cfg := testConfig(silent.config("silent"))
	cfg.Timeouts.Idle, cfg.Timeouts.HalfClose = 0.3, 0.1
	r := start(t, cfg)
	r.dial()
	s := r.ended(IdleTimeout, 1)
	require.Zero(t, s.Servers[0].Failed, "nobody asked it anything")
	_, err := r.ask()
	require.Error(t, err)
	s = r.ended(ServerFailed, 1)
	require.Equal(t, uint64(1), s.Faults[SilentUnanswered])

	holds := newServer(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		fmt.Fprint(conn, "half")
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	})
	cfg = testConfig(holds.config("holds"))
	cfg.Timeouts.Idle, cfg.Timeouts.HalfClose = 1000, 0.1
	r = start(t, cfg)
	conn := r.dial()
	fmt.Fprint(conn, "?")
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "half", string(answer))
	r.ended(HalfCloseTimeout, 1)
}

// TestConnectTimeout: a server whose backlog is full does not answer, and another one gets
// the connection.
func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	full := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*syscall.SockaddrInet4).Port))
	for range 4 { // the kernel takes a connection or two
		if conn, err := net.DialTimeout("tcp", full.String(), 100*time.Millisecond); err == nil {
			t.Cleanup(func() { conn.Close() })
		}
	}
	cfg := testConfig(Server{Name: "full", Address: full.String()}, newServer(t, named("good")).config("good"))
	cfg.Timeouts.Connect = 0.1
	r := start(t, cfg)
	answer, err := r.ask()
	require.NoError(t, err)
	require.Equal(t, "good", answer)
	s := r.ended(Completed, 1)
	require.Equal(t, uint64(1), s.Faults[ConnectTimedOut])
}
