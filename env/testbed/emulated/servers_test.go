//go:build linux

package emulated

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env"
	"fairlb/env/station"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs servers until the test ends.
func start(t *testing.T, cfg Config) *Servers {
	t.Helper()
	s, err := Listen(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
	})
	return s
}

// prefork is a server with one worker, and one place in the backlog.
func prefork() Config {
	return Config{Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}}, CPU: station.ProcessorSharing, Workers: 1, Backlog: 1, Prefork: true}}
}

// dial connects to a server and sends a text.
func dial(t *testing.T, at netip.AddrPort, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", at.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(c, text)
	require.NoError(t, err)
	return c
}

// get is a request whose connection closes after the answer.
func get(query string) string {
	return "GET /" + query + " HTTP/1.1\r\nConnection: close\r\n\r\n"
}

// answerOf reads all that comes.
func answerOf(t *testing.T, c net.Conn) string {
	t.Helper()
	b, err := io.ReadAll(c)
	require.NoError(t, err)
	return string(b)
}

// TestHTTP: net/http's client gets answers, with keep-alive and without, of requests with
// demands and without, and refusals of what is no request.
func TestHTTP(t *testing.T) {
	cfg := prefork()
	cfg.Servers = append(cfg.Servers, cfg.Servers[0])
	s := start(t, cfg)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c := http.Client{Transport: transport, Timeout: 10 * time.Second}
	for _, method := range []string{"GET", "HEAD"} {
		for _, query := range []string{"", "?cpu=0.002&io=0.001&cpu=0.001"} {
			request, err := http.NewRequest(method, "http://"+s.Addresses()[1].String()+"/wiki/a"+query, nil)
			require.NoError(t, err)
			begin := time.Now()
			response, err := c.Do(request)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.Equal(t, "1", response.Header.Get("Server"))
			require.EqualValues(t, 3, response.ContentLength)
			require.Equal(t, method == "GET", string(body) == "ok\n")
			if query != "" {
				require.GreaterOrEqual(t, time.Since(begin), 4*time.Millisecond)
			}
		}
	}
	require.Equal(t, Counts{Accepted: 1, Completed: 4}, s.Report().Servers[1])
	for text, status := range map[string]string{
		"GET /?cpu=x HTTP/1.1\r\n\r\n":                    "400 Bad Request",
		"\x16\x03\x01\r\n\r\n":                            "400 Bad Request",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\na":   "405 Method Not Allowed",
		"GET / HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n":  "413 Content Too Large",
		"GET / HTTP/1.1\r\n" + string(make([]byte, 8176)): "431 Request Header Fields Too Large",
	} {
		require.Contains(t, answerOf(t, dial(t, s.Addresses()[0], text)), "HTTP/1.1 "+status+"\r\n")
	}
	require.Equal(t, Counts{Accepted: 5, Malformed: 5}, s.Report().Servers[0])
}

// TestConnections: requests in pieces and several at once are served in order, one whose
// client closes its side too, and one that its client has left.
func TestConnections(t *testing.T) {
	cfg := prefork()
	cfg.Backlog, cfg.Patience, cfg.MaxConnections = 10, 300*time.Millisecond, 5
	s := start(t, cfg)
	at := s.Addresses()[0]

	pieces := dial(t, at, "GET /?cpu=0.0")
	time.Sleep(5 * time.Millisecond)
	_, err := io.WriteString(pieces, "01 HTTP/1.1\r\nHost: a\r")
	require.NoError(t, err)
	time.Sleep(5 * time.Millisecond)
	_, err = io.WriteString(pieces, "\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	require.Contains(t, answerOf(t, pieces), "200 OK")

	many := dial(t, at, "GET /?cpu=0.001 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"+get("?io=0.001"))
	reader := bufio.NewReader(many)
	for k := range 3 {
		response, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		require.Equal(t, k == 2, response.Close)
		_, err = io.ReadAll(response.Body)
		require.NoError(t, err)
	}

	half := dial(t, at, get("?cpu=0.02"))
	require.NoError(t, half.(*net.TCPConn).CloseWrite())
	require.Contains(t, answerOf(t, half), "200 OK")

	// Who breaks off while served has the worker all the same.
	gone := dial(t, at, get("?cpu=0.1"))
	require.Eventually(t, func() bool { return s.Report().Servers[0].Accepted == 4 }, 5*time.Second, time.Millisecond)
	begin := time.Now()
	require.NoError(t, gone.(*net.TCPConn).SetLinger(0))
	require.NoError(t, gone.Close())
	require.Contains(t, answerOf(t, dial(t, at, get("?cpu=0"))), "200 OK")
	require.Greater(t, time.Since(begin), 80*time.Millisecond)

	// Who says nothing, or half of something, is dropped after a while.
	silent, slow := dial(t, at, ""), dial(t, at, "GET / HTT")
	for _, c := range []net.Conn{silent, slow} {
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
	}
	counts := s.Report().Servers[0]
	require.Equal(t, Counts{Accepted: 7, Completed: 6, Gone: 1, Silent: 2}, counts)

	// One more than may be open is broken off.
	for range 5 {
		dial(t, at, "")
	}
	if c, err := net.Dial("tcp", at.String()); err == nil { // else it was broken off by now
		_, err = c.Read(make([]byte, 1))
		require.Error(t, err)
		require.NoError(t, c.Close())
	}
	require.EqualValues(t, 1, s.Report().Servers[0].Excess)
}

// TestRefusal: a full backlog breaks the connection off or, with retries, is as deaf as a
// kernel that drops the SYN, until the request reaches the server again.
func TestRefusal(t *testing.T) {
	refused := func(s *Servers) (third net.Conn, begin time.Time) {
		begin = time.Now()
		for range 2 {
			dial(t, s.Addresses()[0], get("?cpu=0.15"))
		}
		require.Eventually(t, func() bool {
			var truth env.Truth
			require.NoError(t, s.Truth(&truth))
			return truth.Busy[0] == 1 && truth.Backlog[0] == 1
		}, 5*time.Second, 100*time.Microsecond)
		return dial(t, s.Addresses()[0], get("?cpu=0.001")), begin
	}
	s := start(t, prefork())
	third, _ := refused(s)
	_, err := third.Read(make([]byte, 1))
	require.ErrorContains(t, err, "reset")
	require.EqualValues(t, 1, s.Report().Servers[0].Refused)

	cfg := prefork()
	cfg.Retries = []float64{0.05, 0.35}
	s = start(t, cfg)
	third, begin := refused(s)
	require.Contains(t, answerOf(t, third), "200 OK")
	elapsed := time.Since(begin).Seconds()
	require.Greater(t, elapsed, 0.39, "after the second retry")
	require.Less(t, elapsed, 0.8)
	require.EqualValues(t, 2, s.Report().Servers[0].Refused)

	cfg.Retries, cfg.Timeout = []float64{0.01}, 0.1
	s = start(t, cfg)
	third, begin = refused(s)
	_, err = third.Read(make([]byte, 1))
	require.ErrorContains(t, err, "reset")
	require.GreaterOrEqual(t, time.Since(begin).Seconds(), 0.1)
}

// TestChanges: what the schedule says happens when it says so, again after Restart: a
// server fails, loses what it has, is not there, and returns at its port.
func TestChanges(t *testing.T) {
	cfg := prefork()
	cfg.Servers = append(cfg.Servers, cfg.Servers[0])
	cfg.Changes = []station.Change{
		{At: 0.1, Kind: station.SetSpeed, Index: 0, Value: 0.25},
		{At: 0.1, Kind: station.Drain, Index: 0}, {At: 0.1, Kind: station.FailLB, Index: 7},
		{At: 0.2, Kind: station.Fail, Index: 1}, {At: 0.3, Kind: station.Return, Index: 1},
	}
	s := start(t, cfg)
	for range 2 {
		require.NoError(t, s.Restart(cfg.Changes))
		begin := time.Now()
		slowed, lost, idle := dial(t, s.Addresses()[0], get("?cpu=0.12")), dial(t, s.Addresses()[1], get("?cpu=0.4")), dial(t, s.Addresses()[1], "")
		require.Contains(t, answerOf(t, slowed), "200 OK")
		elapsed := time.Since(begin).Seconds()
		require.Greater(t, elapsed, 0.17, "0.1 s at full speed and the last 0.02 s of work at a quarter of it")
		require.Less(t, elapsed, 0.4)
		for _, c := range []net.Conn{lost, idle} {
			_, err := c.Read(make([]byte, 1))
			require.ErrorContains(t, err, "reset")
		}
		_, err := net.Dial("tcp", s.Addresses()[1].String())
		require.ErrorContains(t, err, "refused")
		var truth env.Truth
		require.NoError(t, s.Truth(&truth))
		require.Equal(t, []bool{false, true}, truth.Out)
		require.Equal(t, []float64{0.25, 1}, truth.Speed)
		time.Sleep(time.Until(begin.Add(330 * time.Millisecond)))
		require.Contains(t, answerOf(t, dial(t, s.Addresses()[1], get("?cpu=0"))), "200 OK")
		require.Equal(t, Counts{Accepted: 3, Completed: 1, Lost: 1}, s.Report().Servers[1])
	}
	// What fails at the end of one run is there in the next.
	require.NoError(t, s.Restart([]station.Change{{Kind: station.Fail, Index: 1}}))
	require.Eventually(t, func() bool {
		_, err := net.Dial("tcp", s.Addresses()[1].String())
		return err != nil
	}, 5*time.Second, time.Millisecond)
	require.NoError(t, s.Restart(nil))
	require.Contains(t, answerOf(t, dial(t, s.Addresses()[1], get(""))), "200 OK")
	require.ErrorIs(t, s.Restart([]station.Change{{Index: 9}}), ErrConfig)
}

// TestFailFast: a server that fails fast breaks requests off at once, on connections that
// it has as on new ones, completes what it holds and answers checks of health; it does no
// work for what it breaks off, and returns.
func TestFailFast(t *testing.T) {
	cfg := prefork()
	s := start(t, cfg)
	at := s.Addresses()[0]
	kept := dial(t, at, "GET /?cpu=0 HTTP/1.1\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(kept), nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.NoError(t, s.Restart([]station.Change{{At: 0.4, Kind: station.FailFast}, {At: 1.6, Kind: station.Return}}))
	held := dial(t, at, get("?cpu=0.8"))
	var truth env.Truth
	require.Eventually(t, func() bool {
		require.NoError(t, s.Truth(&truth))
		return truth.Out[0]
	}, 5*time.Second, time.Millisecond)
	_, err = io.WriteString(kept, get("?cpu=9"))
	require.NoError(t, err)
	for _, c := range []net.Conn{kept, dial(t, at, get("?cpu=9"))} {
		_, err = c.Read(make([]byte, 1))
		require.ErrorContains(t, err, "reset")
	}
	require.Contains(t, answerOf(t, dial(t, at, get(""))), "200 OK")
	require.Contains(t, answerOf(t, held), "200 OK")
	require.EqualValues(t, 2, s.Report().Servers[0].Refused)
	require.Eventually(t, func() bool {
		require.NoError(t, s.Truth(&truth))
		return !truth.Out[0]
	}, 5*time.Second, time.Millisecond)
	require.Contains(t, answerOf(t, dial(t, at, get("?cpu=0"))), "200 OK")
}

// TestCatchUp: what is seen late happens at its time all the same. Of two requests of 1 s
// the second begins at 1 s and, half as fast from 1.5 s on, ends at 2.5 s, although the
// loop looks only then.
func TestCatchUp(t *testing.T) {
	cfg := prefork()
	cfg.Changes = []station.Change{{At: 1.5, Kind: station.SetSpeed, Value: 0.5}}
	s, err := Listen(cfg)
	require.NoError(t, err)
	defer s.Close()
	s.tasks = []task{{socket: -1}, {socket: -1}}
	for id := range uint32(2) {
		s.pool.Prepare(id, 0)[0] = 1
		s.pool.Send(id, 0, 1, 0)
		s.pool.Arrive(0, id)
	}
	require.NoError(t, s.catchUp(2.499))
	require.Equal(t, 1, s.pool.Held(0))
	require.Zero(t, s.pool.Waiting(0))
	require.InDelta(t, 1.499e6, s.lateness.Max(), 1e3)
	require.NoError(t, s.catchUp(2.501))
	require.Zero(t, s.pool.Held(0))
}

// TestListen: a configuration has all its faults reported at once; ports may be given.
func TestListen(t *testing.T) {
	cfg := Config{Address: netip.IPv6Loopback(), Ports: []uint16{1, 2}, Timeout: -1, Retries: []float64{-1}, Patience: -1, MaxConnections: -1, Changes: []station.Change{{At: -1}}}
	_, err := Listen(cfg)
	for _, fault := range []string{"no servers", "must be IPv4", "2 ports for 0 servers", "timeout = -1", "retry 0 after -1", "patience -1ns", "-1 connections", "change 0: speed", "change 0 at -1"} {
		require.ErrorContains(t, err, fault)
	}
	s := start(t, prefork())
	taken := prefork()
	taken.Ports = []uint16{s.Addresses()[0].Port()}
	_, err = Listen(taken)
	require.ErrorContains(t, err, "server 0 at 127.0.0.1")
}

// TestReport: servers that are late, or hardly sleep, say so.
func TestReport(t *testing.T) {
	s := start(t, prefork())
	require.Contains(t, answerOf(t, dial(t, s.Addresses()[0], get("?cpu=0.001"))), "200 OK")
	r := s.Report()
	require.EqualValues(t, 1, r.Lateness.TotalCount())
	r.Busy = 0.1
	r.Lateness.Reset()
	require.Empty(t, r.Doubts())
	require.NoError(t, r.Lateness.RecordValue(5000))
	r.Busy = 0.95
	require.Len(t, r.Doubts(), 2)
}

// queue is a system that theory knows, of which each server of a pool is one.
type queue struct {
	name    string
	servers int
	cpus    int
	workers int // and no backlog; 0: as many as there are requests
	load    float64
	mean    float64 // of the time of requests, in those of service
	refused float64 // part of the requests
}
