//go:build linux

package epoll

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = netip.MustParseAddrPort("127.0.0.1:0")

func newPoller(t *testing.T) *Poller {
	t.Helper()
	p, err := NewPoller()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// TestConnection: a connection is accepted, told of with its generation, carries bytes
// both ways, and tells of its end.
func TestConnection(t *testing.T) {
	p := newPoller(t)
	listener, at, err := Listen(loopback, 8)
	require.NoError(t, err)
	defer Close(listener)
	require.Zero(t, p.Watch(listener, 5, unix.EPOLLIN))
	client, errno := New()
	require.Zero(t, errno)
	raw := RawAddress(at)
	require.Contains(t, []unix.Errno{0, unix.EINPROGRESS}, Connect(client, &raw))
	events, err := p.Wait(10 * time.Second)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, Event{listener, 5, unix.EPOLLIN}, events[0])
	server, errno := Accept(listener)
	require.Zero(t, errno)

	b := make([]byte, 8)
	_, errno = Receive(server, b)
	require.Equal(t, unix.EAGAIN, errno)
	require.Zero(t, p.Watch(server, 6, ToRead))
	n, errno := Send(client, []byte("abc"))
	require.Equal(t, 3, n)
	require.Zero(t, errno)
	events, err = p.Wait(10 * time.Second)
	require.NoError(t, err)
	require.Equal(t, []Event{{server, 6, unix.EPOLLIN}}, events)
	n, errno = Receive(server, b)
	require.Equal(t, 3, n)
	require.Zero(t, errno)
	events, err = p.Wait(0)
	require.NoError(t, err)
	require.Empty(t, events, "it is told once")

	Reset(client)
	events, err = p.Wait(10 * time.Second)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.True(t, events[0].Gone())
	require.Equal(t, unix.ECONNRESET, Failure(server))
	Close(server)
}

// TestWait: it waits as long as told, not a whole millisecond for a part of one, and
// Wake ends it.
func TestWait(t *testing.T) {
	p := newPoller(t)
	for _, limit := range []time.Duration{0, 300 * time.Microsecond, 5 * time.Millisecond} {
		begin := time.Now()
		events, err := p.Wait(limit)
		require.NoError(t, err)
		require.Empty(t, events)
		require.GreaterOrEqual(t, time.Since(begin), limit)
	}
	p.Wake()
	p.Wake()
	begin := time.Now()
	_, err := p.Wait(time.Minute)
	require.NoError(t, err)
	require.Less(t, time.Since(begin), 30*time.Second)
	begin = time.Now()
	_, err = p.Wait(2 * time.Millisecond)
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(begin), 2*time.Millisecond, "both have been told")
	done := make(chan error)
	go func() { _, err := p.Wait(-1); done <- err }()
	p.Wake()
	require.NoError(t, <-done)
	LockPunctual()()
}

// TestBind: a port that is kept is refused to others' listening, is no listener itself,
// and may be listened at again and again.
func TestBind(t *testing.T) {
	kept, at, err := Bind(loopback)
	require.NoError(t, err)
	defer Close(kept)
	_, err = net.Dial("tcp", at.String())
	require.ErrorIs(t, err, unix.ECONNREFUSED)
	for range 3 {
		listener, again, err := Listen(at, 8)
		require.NoError(t, err)
		require.Equal(t, at, again)
		c, err := net.Dial("tcp", at.String())
		require.NoError(t, err)
		require.NoError(t, c.Close())
		_, _, err = Listen(at, 8)
		require.ErrorIs(t, err, unix.EADDRINUSE)
		Close(listener)
	}
	_, _, err = Listen(netip.MustParseAddrPort("192.0.2.1:1"), 8)
	require.ErrorIs(t, err, unix.EADDRNOTAVAIL)
}
