//go:build linux

package emulated

import (
	"bufio"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/station"
	"fairlb/env/testbed/plane/report"
)

// hearer is a load balancer's socket for reports.
type hearer struct {
	*net.UDPConn
	t *testing.T
}

func newHearer(t *testing.T) hearer {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return hearer{c, t}
}

func (h hearer) address() netip.AddrPort { return h.LocalAddr().(*net.UDPAddr).AddrPort() }

// next returns the next message; ok is false if none comes within a time.
func (h hearer) next(within time.Duration) (m report.Message, ok bool) {
	h.t.Helper()
	require.NoError(h.t, h.SetReadDeadline(time.Now().Add(within)))
	b := make([]byte, 1000)
	n, err := h.Read(b)
	if err != nil {
		return m, false
	}
	m, err = report.Parse(b[:n])
	require.NoError(h.t, err)
	return m, true
}

// TestTellEvery: each server tells each load balancer in turn how many requests it has,
// those that wait included; one that has failed is silent, and so are all once nobody is
// to be told.
func TestTellEvery(t *testing.T) {
	cfg := prefork()
	cfg.Servers = append(cfg.Servers, cfg.Servers[0])
	cfg.Backlog, cfg.TellEvery = 10, 0.04
	s := start(t, cfg)
	a, b := newHearer(t), newHearer(t)
	names := []string{s.Addresses()[0].String(), s.Addresses()[1].String()}
	for range 3 { // one is served, two wait
		dial(t, s.Addresses()[0], get("?cpu=1000"))
	}
	quick := dial(t, s.Addresses()[1], get("?cpu=0.001"))
	require.Contains(t, answerOf(t, quick), "200 OK")
	require.Eventually(t, func() bool { return s.Report().Servers[0].Accepted == 3 }, 5*time.Second, time.Millisecond)
	time.Sleep(5 * time.Millisecond) // they have been read
	require.NoError(t, s.Tell([]Balancer{{Reports: a.address()}, {Reports: b.address()}}))
	begun := time.Now()
	for _, h := range []hearer{a, b} {
		last := uint64(0)
		first, ok := h.next(20 * time.Second)
		require.True(t, ok)
		turn := 0
		if string(first.Server) == names[1] {
			turn = 1
		}
		for m := first; turn < 10; turn++ {
			require.Equal(t, names[turn%2], string(m.Server))
			require.Equal(t, []int32{3, 0}[turn%2], m.Requests)
			require.Greater(t, m.Sequence, last)
			last = m.Sequence
			m, ok = h.next(20 * time.Second)
			require.True(t, ok)
		}
	}
	require.Greater(t, time.Since(begun), 9*20*time.Millisecond)
	require.GreaterOrEqual(t, s.Report().Told, int64(20))

	require.NoError(t, s.Restart([]station.Change{{Kind: station.Fail, Index: 0}}))
	heard := map[string]int32{}
	for until := time.Now().Add(300 * time.Millisecond); time.Now().Before(until); {
		if m, ok := a.next(20 * time.Second); ok && s.Report().Elapsed > 100*time.Millisecond {
			heard[string(m.Server)] = m.Requests
		}
	}
	require.NotContains(t, heard, names[0], "it has failed")
	require.Equal(t, map[string]int32{names[1]: 0}, heard)
	require.NoError(t, s.Tell(nil))
	for range 1000 { // what was sent before
		if _, ok := a.next(100 * time.Millisecond); !ok {
			return
		}
	}
	require.Fail(t, "servers go on telling")
}

// TestTellResponses: a response is announced to the load balancer that its request came
// by, before it comes, with the number of requests that the server has, this one included.
func TestTellResponses(t *testing.T) {
	cfg := prefork()
	cfg.Backlog, cfg.TellResponses = 10, true
	s := start(t, cfg)
	a, b := newHearer(t), newHearer(t)
	require.NoError(t, s.Tell([]Balancer{
		{Reports: a.address(), Clients: netip.MustParseAddrPort("127.0.0.1:81")}, {Reports: b.address(), Clients: netip.MustParseAddrPort("127.0.0.1:82")},
	}))
	at := s.Addresses()[0]
	by := func(port string) string { return "PROXY TCP4 127.0.0.1 127.0.0.1 5000 " + port + "\r\n" }
	first := dial(t, at, by("82")+get("?cpu=0.1"))
	require.Eventually(t, func() bool { return s.Report().Servers[0].Accepted == 1 }, 5*time.Second, time.Millisecond)
	second := dial(t, at, by("81")+get("?cpu=0.001"))
	require.Contains(t, answerOf(t, first), "200 OK")
	m, ok := b.next(20 * time.Second)
	require.True(t, ok)
	require.Equal(t, report.Message{Server: []byte(at.String()), Requests: 2, Sequence: 1}, m)
	require.Contains(t, answerOf(t, second), "200 OK")
	m, ok = a.next(20 * time.Second)
	require.True(t, ok)
	require.EqualValues(t, 1, m.Requests)
	require.EqualValues(t, 2, m.Sequence)

	for _, unnamed := range []string{"PROXY UNKNOWN\r\n", by("83")} { // a check of health; nobody who is to be told
		require.Contains(t, answerOf(t, dial(t, at, unnamed+get("?cpu=0.001"))), "200 OK")
	}
	require.Contains(t, answerOf(t, dial(t, at, get("?cpu=0.001"))), "400 Bad Request", "the header is missing")
	for _, h := range []hearer{a, b} {
		_, ok := h.next(20 * time.Millisecond)
		require.False(t, ok)
	}
	require.EqualValues(t, 2, s.Report().Told)
}

// TestCountHeader: answers say how many requests the server has left.
func TestCountHeader(t *testing.T) {
	cfg := prefork()
	cfg.Backlog, cfg.CountHeader = 10, true
	s := start(t, cfg)
	first := dial(t, s.Addresses()[0], get("?cpu=0.1"))
	require.Eventually(t, func() bool { return s.Report().Servers[0].Accepted == 1 }, 5*time.Second, time.Millisecond)
	second := dial(t, s.Addresses()[0], get("?cpu=0.05"))
	for _, c := range []struct {
		net.Conn
		left string
	}{{first, "1"}, {second, "0"}} {
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		require.Equal(t, c.left, response.Header.Get("X-Fairlb-Requests"))
		require.EqualValues(t, 3, response.ContentLength)
		require.NoError(t, response.Body.Close())
	}
	require.Contains(t, answerOf(t, dial(t, s.Addresses()[0], get(""))), "X-Fairlb-Requests: 0\r\n", "a check of health")
}

// TestTellFaults: who cannot be told is refused.
func TestTellFaults(t *testing.T) {
	silent := start(t, prefork())
	at := netip.MustParseAddrPort("127.0.0.1:1")
	require.ErrorIs(t, silent.Tell([]Balancer{{Reports: at}}), ErrConfig)
	require.NoError(t, silent.Tell(nil))
	cfg := prefork()
	cfg.TellResponses = true
	s := start(t, cfg)
	require.ErrorIs(t, s.Tell([]Balancer{{Reports: netip.MustParseAddrPort("[::1]:1"), Clients: at}}), ErrConfig)
	require.ErrorIs(t, s.Tell([]Balancer{{Reports: at, Clients: at}, {Reports: at, Clients: at}}), ErrConfig)
	cfg.TellEvery = -1
	_, err := Listen(cfg)
	require.ErrorContains(t, err, "messages every -1 s")
}
