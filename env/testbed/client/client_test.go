//go:build linux

package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env"
	"fairlb/env/workload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted is a source of the requests that a test lists.
type scripted struct {
	requests []workload.Request
	closed   int
	err      error // at the end, in place of io.EOF
}

func (s *scripted) Next(r *workload.Request) error {
	if len(s.requests) == 0 {
		if s.err != nil {
			return s.err
		}
		return io.EOF
	}
	x := s.requests[0]
	s.requests = s.requests[1:]
	r.Time, r.Class, r.LB = x.Time, x.Class, x.LB
	r.Demand = r.Demand[:copy(r.Demand, x.Demand)]
	return nil
}

func (s *scripted) Close() error { s.closed++; return nil }

type recorder []env.Outcome

func (r *recorder) Record(o env.Outcome) { *r = append(*r, o) }

var testClasses = []workload.Class{
	{Name: "wiki", Stages: []workload.Stage{{Resource: workload.CPU}, {Resource: workload.IO}}},
	{Name: "a/b", Stages: []workload.Stage{{Resource: workload.CPU}}},
}

// requests returns so many requests, one a ms, of both classes in turn, at both LBs in turn.
func requests(n int) *scripted {
	s := &scripted{}
	for k := range n {
		demand := []float64{0.25, 1e-9}
		s.requests = append(s.requests, workload.Request{Time: float64(k) / 1000, Class: k % 2, LB: k / 2 % 2, Demand: demand[:2-k%2]})
	}
	return s
}

// listen serves connections by the given function until the test ends.
func listen(t *testing.T, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			all.Add(1)
			go func() {
				defer all.Done()
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(10 * time.Second))
				serve(c)
			}()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); all.Wait() })
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

// TestRun: every request reaches its LB once, names its demands, and is recorded at the
// time at which it was due, with and without keep-alive.
func TestRun(t *testing.T) {
	for _, keepAlive := range []bool{false, true} {
		var mu sync.Mutex
		seen := map[string]int{}
		var connections atomic.Int64
		var targets []netip.AddrPort
		for range 2 {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				seen[r.URL.Path+"?"+r.URL.RawQuery]++
				mu.Unlock()
				w.Header().Set("Server", "3")
				_, _ = io.WriteString(w, strings.Repeat("x", 1000))
			}))
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			server.Start()
			defer server.Close()
			targets = append(targets, server.Listener.Addr().(*net.TCPAddr).AddrPort())
		}
		source, rec := requests(200), recorder{}
		result, err := Run(t.Context(), Config{Targets: targets, Classes: testClasses, Duration: 0.1495, KeepAlive: keepAlive, Recorder: &rec}, source)
		require.NoError(t, err)
		require.Equal(t, 1, source.closed)
		mu.Lock()
		require.Equal(t, map[string]int{"/wiki?cpu=0.250000000&io=0.000000001": 75, "/a/b?cpu=0.250000000": 75}, seen, "those that were due by the end")
		mu.Unlock()
		all := result.All()
		require.EqualValues(t, 150, all.Completed)
		require.Zero(t, all.Failures())
		require.EqualValues(t, 75, result.Classes[1].Completed)
		require.EqualValues(t, 150, all.FromDue.TotalCount())
		require.EqualValues(t, 150, result.Lateness.TotalCount())
		require.GreaterOrEqual(t, all.FromDue.ValueAtQuantile(50), all.FromSent.ValueAtQuantile(50))
		require.InDelta(t, all.FromDue.Mean()/1e6, all.Mean(), 0.001)
		require.Len(t, rec, 150)
		lbs := [2]int{}
		for _, o := range rec {
			require.Equal(t, 3, o.Server)
			require.False(t, o.Failed)
			lbs[o.LB]++
		}
		require.Equal(t, [2]int{76, 74}, lbs)
		if keepAlive {
			require.EqualValues(t, 150-result.Reused, connections.Load())
			require.Greater(t, result.Reused, int64(75))
		} else {
			require.EqualValues(t, 150, connections.Load())
		}
	}
}

// TestOpenLoop: a server that stalls for 0.3 s counts against every request that was due
// meanwhile, from when it was due, and not against those whose sending it did not delay.
func TestOpenLoop(t *testing.T) {
	begin := time.Now()
	target := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 512))
		time.Sleep(time.Until(begin.Add(300 * time.Millisecond)))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	result, err := Run(t.Context(), Config{Targets: []netip.AddrPort{target}, Classes: testClasses, Duration: 1}, requests(100))
	require.NoError(t, err)
	all := result.All()
	require.EqualValues(t, 100, all.Completed)
	require.Greater(t, all.FromDue.ValueAtQuantile(0), int64(150_000), "no request waits for another to be sent")
	require.Less(t, result.LatenessAt(50), 100*time.Millisecond)
}

// TestFailures: what does not get a whole answer has failed, for a reason that is counted,
// and counts as the timeout.
func TestFailures(t *testing.T) {
	read := func(c net.Conn) { _, _ = c.Read(make([]byte, 512)) }
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) { read(c); _, _ = io.WriteString(c, text) }
	}
	reset := func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }
	for name, test := range map[string]struct {
		serve func(net.Conn)
		want  Failure
	}{
		"reset at once":        {reset, Refused},
		"closed at once":       {read, Refused},
		"reset in the answer":  {func(c net.Conn) { answer("HTTP/1.1 200 OK\r\n")(c); time.Sleep(20 * time.Millisecond); reset(c) }, BrokenOff},
		"short":                {answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), Ended},
		"in the head":          {answer("HTTP/1.1 200 OK\r\n"), Ended},
		"long":                 {answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok"), Malformed},
		"chunked":              {answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), Malformed},
		"not HTTP":             {answer("220 mail\r\n\r\n"), Malformed},
		"no end of the head":   {answer("HTTP/1.1 200 OK\r\n" + strings.Repeat("a: b\r\n", 3000)), Malformed},
		"unavailable":          {answer("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), Status},
		"silent":               {func(c net.Conn) { read(c); read(c) }, TimedOut},
		"silent in the answer": {func(c net.Conn) { answer("HTTP/1.1 200 OK\r\n")(c); read(c) }, TimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			var rec recorder
			result, err := Run(t.Context(), Config{Targets: []netip.AddrPort{listen(t, test.serve)}, Classes: testClasses, Duration: 1, Timeout: 0.2, Recorder: &rec}, requests(3))
			require.NoError(t, err)
			all := result.All()
			require.Zero(t, all.Completed)
			require.EqualValues(t, 3, all.Failed[test.want], "%v", all.Failed)
			require.InDelta(t, 0.2, all.Mean(), 1e-9)
			require.Len(t, rec, 3)
			require.True(t, rec[0].Failed)
		})
	}
}

// TestAnswerUntilTheEnd: an answer without a length ends with its connection.
func TestAnswerUntilTheEnd(t *testing.T) {
	target := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 512))
		_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n")
		time.Sleep(10 * time.Millisecond)
		_, _ = io.WriteString(c, "all of it")
	})
	result, err := Run(t.Context(), Config{Targets: []netip.AddrPort{target}, Classes: testClasses, Duration: 1, KeepAlive: true}, requests(3))
	require.NoError(t, err)
	all := result.All()
	require.EqualValues(t, 3, all.Completed)
	require.GreaterOrEqual(t, all.FromSent.Min(), int64(9_900))
}

// TestRetries: a request that is refused is tried again after as long as configured, and
// as often; its time counts from when it was due.
func TestRetries(t *testing.T) {
	var tries atomic.Int64
	target := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 512))
		if tries.Add(1) < 3 {
			_ = c.(*net.TCPConn).SetLinger(0)
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	cfg := Config{Targets: []netip.AddrPort{target}, Classes: testClasses, Duration: 1, Retries: []float64{0.05, 0.1}}
	result, err := Run(t.Context(), cfg, requests(1))
	require.NoError(t, err)
	require.EqualValues(t, 2, result.Retries)
	require.EqualValues(t, 1, result.All().Completed)
	require.Greater(t, result.All().Mean(), 0.15)

	nobody := listen(t, func(net.Conn) {})
	cfg.Targets = []netip.AddrPort{netip.AddrPortFrom(nobody.Addr(), unusedPort(t))}
	result, err = Run(t.Context(), cfg, requests(2))
	require.NoError(t, err)
	require.EqualValues(t, 4, result.Retries)
	require.EqualValues(t, 2, result.All().Failed[Refused])

	cfg.Timeout = 0.1 // before the second
	result, err = Run(t.Context(), cfg, requests(1))
	require.NoError(t, err)
	require.EqualValues(t, 1, result.All().Failed[TimedOut])
}

// unusedPort returns a port at which nobody listens.
func unusedPort(t *testing.T) uint16 {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).AddrPort().Port()
}

// TestStaleConnection: a connection that the other side closes while it rests, or as it
// gets its second request, is no failure of that request.
func TestStaleConnection(t *testing.T) {
	var served atomic.Int64
	target := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 512))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		if served.Add(1)%2 == 0 {
			_, _ = c.Read(make([]byte, 512))
		}
	})
	source := &scripted{}
	for k := range 20 {
		source.requests = append(source.requests, workload.Request{Time: float64(k) / 100, Class: 1, Demand: []float64{0}})
	}
	result, err := Run(t.Context(), Config{Targets: []netip.AddrPort{target}, Classes: testClasses, Duration: 1, KeepAlive: true}, source)
	require.NoError(t, err)
	require.EqualValues(t, 20, result.All().Completed)
}

// TestConnections: a request for which there is no connection has failed by the client's
// own fault, and the run is doubted.
func TestConnections(t *testing.T) {
	target := listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 512)); _, _ = c.Read(make([]byte, 512)) })
	result, err := Run(t.Context(), Config{Targets: []netip.AddrPort{target}, Classes: testClasses, Duration: 1, Timeout: 0.2, Connections: 4}, requests(6))
	require.NoError(t, err)
	all := result.All()
	require.EqualValues(t, 2, all.Failed[Unsent])
	require.EqualValues(t, 4, all.Failed[TimedOut])
	require.Contains(t, strings.Join(result.Doubts(), "\n"), "2 requests had no connection")
}

// TestEnds: a run ends with its context and with its source's errors, and closes the source.
func TestEnds(t *testing.T) {
	target := listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 512)); _, _ = c.Read(make([]byte, 512)) })
	cfg := Config{Targets: []netip.AddrPort{target}, Classes: testClasses, Duration: 1}
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
	source := requests(3)
	_, err := Run(ctx, cfg, source)
	require.ErrorIs(t, err, stop)
	require.Equal(t, 1, source.closed)

	broken := requests(3)
	broken.err = errors.New("a bad line")
	_, err = Run(t.Context(), cfg, broken)
	require.ErrorIs(t, err, broken.err)
	require.Equal(t, 1, broken.closed)

	_, err = Run(t.Context(), cfg, &scripted{requests: []workload.Request{{Class: 1, Demand: []float64{1e5}}}})
	require.ErrorIs(t, err, ErrConfig)

	refused := requests(1)
	_, err = Run(t.Context(), Config{Timeout: -1, Retries: []float64{0}, Connections: -1, Targets: []netip.AddrPort{{}}}, refused)
	for _, fault := range []string{"load balancer 0", "0 classes", "duration = 0", "timeout = -1", "retry 0 after 0", "-1 connections"} {
		require.ErrorContains(t, err, fault)
	}
	require.Equal(t, 1, refused.closed)
	require.Equal(t, "unsent", Unsent.String())
}

// TestTimes: of a request that was due 1 s ago and sent 0.4 s ago.
func TestTimes(t *testing.T) {
	r, err := newRun(Config{Targets: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")}, Classes: testClasses, Duration: 1}, requests(0))
	require.NoError(t, err)
	r.begin = time.Now()
	r.flights = []flight{{under: true, due: -1, sent: -0.4, socket: -1, answer: response{status: 200}}}
	r.active = 1
	r.complete(0)
	c := r.result.Classes[0]
	require.InDelta(t, 1, c.Sum, 0.1)
	require.InDelta(t, 1, c.CompletedSum, 0.1)
	require.InDelta(t, 1e6, c.FromDue.Max(), 1e5)
	require.InDelta(t, 4e5, c.FromSent.Max(), 1e5)
	require.NoError(t, r.close())
}

// TestLateness: a client that does not keep up says so.
func TestLateness(t *testing.T) {
	r := Result{Classes: []Class{newClass("a", 1e6)}, Lateness: newClass("", 1e7).FromDue, Busy: 0.95}
	record(r.Lateness, 0.003)
	require.Len(t, r.Doubts(), 2)
	r = Result{Classes: r.Classes, Lateness: newClass("", 1e7).FromDue, Busy: 0.5}
	record(r.Lateness, 0.001)
	require.Empty(t, r.Doubts())
}

func FuzzResponse(f *testing.F) {
	for _, text := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: 7\r\n\r\nok", "HTTP/1.0 200 OK\r\n\r\nabc", "HTTP/1.1 503 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"} {
		f.Add([]byte(text), 5)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		var whole, parts response
		whole.reset()
		parts.reset()
		ok := whole.add(b)
		cut = min(max(cut, 0), len(b))
		got := parts.add(b[:cut]) && parts.add(b[cut:])
		if len(b) < maxHead {
			require.Equal(t, ok, got)
		}
		if ok && got {
			require.Equal(t, whole.whole(true), parts.whole(true))
			require.Equal(t, whole.left, parts.left)
			require.Equal(t, whole.status, parts.status)
		}
	})
}
