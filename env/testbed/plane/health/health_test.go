package health

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
	"fairlb/env/testbed/plane/proxyprotocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestState: results in a row change a server, others do not; the first counts at once.
func TestState(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rise, fall    int
		results, want string // g and b; u and d behind each result
	}{
		{2, 3, "gggg", "uuuu"},
		{2, 3, "b", "d"},
		{2, 3, "bgg", "ddu"},
		{2, 3, "gbbgbbb", "uuuuuud"},
		{2, 3, "gbbbgbgg", "uuudddd" + "u"},
		{1, 1, "gbgb", "udud"},
	} {
		s, got := State{Rise: test.rise, Fall: test.fall}, ""
		require.True(t, s.Up())
		for _, r := range test.results {
			before := s.Up()
			changed := s.Result(r == 'g')
			require.Equal(t, before != s.Up(), changed)
			got += map[bool]string{true: "u", false: "d"}[s.Up()]
		}
		require.Equal(t, test.want, got, test.results)
	}
}

// TestStateAgainstHistory: the state is what one reads off the whole list of results.
func TestStateAgainstHistory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := State{Rise: rapid.IntRange(1, 4).Draw(t, "rise"), Fall: rapid.IntRange(1, 4).Draw(t, "fall")}
		results := rapid.SliceOf(rapid.Bool()).Draw(t, "results")
		up := true
		for k, good := range results {
			s.Result(good)
			needed := map[bool]int{true: s.Fall, false: s.Rise}[up]
			row := 0
			for row <= k && results[k-row] == good {
				row++
			}
			if good != up && (k == 0 || row >= needed) {
				up = good
			}
			require.Equal(t, up, s.Up())
		}
	})
}

// TestSchedule: first checks are spread, later ones jitter around the interval.
func TestSchedule(t *testing.T) {
	t.Parallel()
	require.Zero(t, firstCheck(0, 4, 10*time.Second))
	require.Equal(t, 750*time.Millisecond, firstCheck(3, 4, 10*time.Second))
	require.Equal(t, 75*time.Millisecond, firstCheck(3, 4, 100*time.Millisecond))
	require.Equal(t, 900*time.Millisecond, nextCheck(time.Second, 0))
	require.Equal(t, time.Second, nextCheck(time.Second, 0.5))
	require.Less(t, nextCheck(time.Second, 0.999), 1100*time.Millisecond)
}

// event is a report.
type event struct {
	server string
	up     bool
}

// checker returns a Checker that is closed with the test, and its reports.
func checker(t *testing.T) (*Checker, <-chan event) {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	events := make(chan event, 100)
	c := New(func(server string, up bool) { events <- event{server, up} }, 1, log)
	t.Cleanup(c.Close)
	return c, events
}

// next awaits a report.
func next(t *testing.T, events <-chan event) event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(30 * time.Second):
		t.Fatal("no report came")
		return event{}
	}
}

func often(kind Kind) Config {
	return Config{Kind: kind, Path: "/health", Interval: 10 * time.Millisecond, Timeout: 5 * time.Second, Rise: 2, Fall: 2}
}

// listen returns a listener whose connections are closed at once, unless take is given.
func listen(t *testing.T, address string, take func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if take != nil {
				take(conn)
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l
}

func serverAt(name string, a net.Addr) Server {
	return Server{Name: name, Address: a.(*net.TCPAddr).AddrPort()}
}

// TestTCP: a server that goes is reported, and so is its return; one that stays is not.
func TestTCP(t *testing.T) {
	t.Parallel()
	c, events := checker(t)
	steady, first := listen(t, "127.0.0.1:0", nil), listen(t, "127.0.0.1:0", nil)
	c.Set(often(TCP), []Server{serverAt("steady", steady.Addr()), serverAt("b", first.Addr())})
	c.Checked(t.Context())
	for _, s := range c.Status() {
		require.True(t, s.Up)
		require.Positive(t, s.Checks)
	}
	first.Close()
	require.Equal(t, event{"b", false}, next(t, events))
	listen(t, first.Addr().String(), nil)
	require.Equal(t, event{"b", true}, next(t, events))
	status := c.Status()[1]
	require.Equal(t, uint64(2), status.Changes)
	require.GreaterOrEqual(t, status.Failures, uint64(2))
	require.Empty(t, events)
}

// TestFirstCheck: a server that does not work at first is out after one check.
func TestFirstCheck(t *testing.T) {
	t.Parallel()
	c, events := checker(t)
	l := listen(t, "127.0.0.1:0", nil)
	l.Close()
	cfg := often(TCP)
	cfg.Fall, cfg.Interval = 1000, time.Hour
	c.Set(cfg, []Server{serverAt("a", l.Addr())})
	c.Checked(t.Context())
	require.Equal(t, event{"a", false}, next(t, events))
	require.Error(t, c.Status()[0].Last)
}

// TestHTTP: a status decides, redirections are not followed, and a server that accepts
// and never answers is bad within the timeout.
func TestHTTP(t *testing.T) {
	t.Parallel()
	c, events := checker(t)
	var status atomic.Int64
	status.Store(http.StatusFound)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" || r.Method != http.MethodGet {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("Location", "/nowhere")
		w.WriteHeader(int(status.Load()))
	}))
	t.Cleanup(server.Close)
	silent := make(chan struct{})
	mute := listen(t, "127.0.0.1:0", func(net.Conn) { <-silent })
	t.Cleanup(func() { close(silent) })

	c.Set(often(HTTP), []Server{serverAt("web", server.Listener.Addr())})
	c.Checked(t.Context())
	require.Empty(t, events)
	status.Store(http.StatusInternalServerError)
	require.Equal(t, event{"web", false}, next(t, events))
	require.ErrorIs(t, c.Status()[0].Last, ErrStatus)
	require.ErrorContains(t, c.Status()[0].Last, "500")
	status.Store(http.StatusOK)
	require.Equal(t, event{"web", true}, next(t, events))

	cfg := often(HTTP)
	cfg.Timeout = 10 * time.Millisecond
	c.Set(cfg, []Server{serverAt("mute", mute.Addr())})
	require.Equal(t, event{"mute", false}, next(t, events))
}

// TestHugeAnswer: of an answer no more is read than must be.
func TestHugeAnswer(t *testing.T) {
	t.Parallel()
	l := listen(t, "127.0.0.1:0", func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for k := 0; ; k++ {
			if _, err := fmt.Fprintf(conn, "X-%d: %0100d\r\n", k, k); err != nil {
				return // the check has had enough
			}
		}
	})
	require.Error(t, probe(t.Context(), often(HTTP), serverAt("a", l.Addr())))
}

// TestProxyProtocol: a server that wants a header gets one that speaks for nobody.
func TestProxyProtocol(t *testing.T) {
	t.Parallel()
	for version := 1; version <= 2; version++ {
		got := make(chan []byte, 1)
		l := listen(t, "127.0.0.1:0", func(conn net.Conn) {
			header, err := io.ReadAll(conn)
			if err == nil {
				got <- header
			}
		})
		s := serverAt("a", l.Addr())
		s.ProxyProtocol = version
		require.NoError(t, probe(t.Context(), often(TCP), s))
		header := <-got
		length, client, _, err := proxyprotocol.Parse(header)
		require.NoError(t, err)
		require.Equal(t, len(header), length)
		require.Equal(t, netip.AddrPort{}, client)
	}
}

// TestSet: what is known of a server stays with its name and address; without checks
// every server is up.
func TestSet(t *testing.T) {
	t.Parallel()
	c, events := checker(t)
	gone := listen(t, "127.0.0.1:0", nil)
	gone.Close()
	other := listen(t, "127.0.0.1:0", nil)
	c.Set(often(TCP), []Server{serverAt("a", gone.Addr())})
	require.Equal(t, event{"a", false}, next(t, events))
	c.Set(often(TCP), []Server{serverAt("b", other.Addr()), serverAt("a", gone.Addr())})
	c.Checked(t.Context())
	require.False(t, c.Status()[1].Up)
	require.Greater(t, c.Status()[1].Checks, uint64(0))
	require.Empty(t, events)
	c.Set(often(None), []Server{serverAt("b", other.Addr()), serverAt("a", gone.Addr())})
	require.Equal(t, event{"a", true}, next(t, events))
	c.Checked(t.Context())
	require.True(t, c.Status()[1].Up)
}

// TestClose: a check that waits for a server is cut.
func TestClose(t *testing.T) {
	t.Parallel()
	silent, asked := make(chan struct{}), make(chan struct{}, 1)
	mute := listen(t, "127.0.0.1:0", func(net.Conn) { asked <- struct{}{}; <-silent })
	t.Cleanup(func() { close(silent) })
	c, _ := checker(t)
	cfg := often(HTTP)
	cfg.Timeout = time.Hour
	c.Set(cfg, []Server{serverAt("a", mute.Addr())})
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Checked(ctx) // it would wait for ever
	c.Close()
}
