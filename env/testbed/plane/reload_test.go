//go:build linux

package plane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestReload: connections that are under way go on, whatever becomes of their listener and
// server; sockets that stay are the same; new ones serve at once.
func TestReload(t *testing.T) {
	t.Parallel()
	a, b := newServer(t, echo), newServer(t, named("b"))
	cfg := testConfig(a.config("a"))
	r := start(t, cfg)
	conn := r.dial()
	says := func(text string) {
		t.Helper()
		_, err := conn.Write([]byte(text))
		require.NoError(t, err)
		got := make([]byte, len(text))
		_, err = io.ReadFull(conn, got)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	says("before")
	next := cfg
	next.Servers = []Server{b.config("b")}
	next.Listen = []Listen{cfg.Listen[0], {Address: "127.0.0.2:0"}}
	require.NoError(t, r.Reload(next))
	says("after the reload")
	require.Len(t, r.Addresses(), 2)
	require.Equal(t, r.address, r.Addresses()[0].String(), "the socket stays")
	for _, address := range r.Addresses() {
		answer, err := askAt(address.String())
		require.NoError(t, err)
		require.Equal(t, "b", answer)
	}
	s := r.Snapshot()
	require.Len(t, s.Servers, 2)
	require.Equal(t, ServerState{Name: "a", Leaving: true, Ongoing: 1}, ServerState{Name: s.Servers[1].Name, Leaving: s.Servers[1].Leaving, Ongoing: s.Servers[1].Ongoing})

	second := r.Addresses()[1].String()
	next.Listen = next.Listen[:1]
	require.NoError(t, r.Reload(next))
	_, err := net.Dial("tcp", second)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	says("still there")
	conn.Close()
	s = r.eventually("the old server is forgotten", func(s Snapshot) bool { return len(s.Servers) == 1 })
	slot := s.Servers[0].Slot
	next.Servers = []Server{b.config("b"), newServer(t, echo).config("c")}
	require.NoError(t, r.Reload(next))
	s = r.Snapshot()
	require.Equal(t, slot, s.Servers[0].Slot, "a server that stays keeps its slot")
	require.Equal(t, 1-slot, s.Servers[1].Slot, "that of one that left is used again")

	for _, change := range []func(*Config){
		func(c *Config) { c.Name = "other" },
		func(c *Config) { c.Loops = 1 },
		func(c *Config) { c.Shared.Layout = "v2" },
	} {
		other := next
		change(&other)
		require.ErrorIs(t, r.Reload(other), ErrFixed)
	}
	taken := next
	taken.Listen = append([]Listen{{Address: a.Addr().String()}}, next.Listen...)
	require.ErrorIs(t, r.Reload(taken), syscall.EADDRINUSE)
	require.Len(t, r.Addresses(), 1, "everything stays as it was")
	answer, err := r.ask()
	require.NoError(t, err)
	require.NotEmpty(t, answer)
}

// TestReloadUnderLoad: while servers come and go, rules change and servers are drained,
// nobody loses a connection.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	var servers []Server
	for k := range 4 {
		one := newServer(t, named("s")).config(fmt.Sprint("s", k))
		one.MaxConnections = 50
		servers = append(servers, one)
	}
	cfg := testConfig(servers...)
	cfg.Reports.Listen = "127.0.0.1:0"
	r := start(t, cfg)
	tell := teller(t, r)
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var asked atomic.Int64
	failed := make(chan error, 100)
	for range 8 {
		group.Go(func() {
			for ctx.Err() == nil {
				if answer, err := r.ask(); err != nil || answer != "s" {
					failed <- fmt.Errorf("%q: %w", answer, err)
					return
				}
				asked.Add(1)
			}
		})
	}
	random := rand.New(rand.NewPCG(1, 1))
	rules := []string{"lsq", "self-tuning", "weights", "p2c", "wlr", "peak-ewma", "least-time", "d2", "p2c-accrual", "universal", "carried", "ecmp"}
	for k, until := 0, time.Now().Add(soon); (k < 60 || asked.Load() < 500) && time.Now().Before(until); k++ {
		next := cfg
		next.Servers = append([]Server{servers[k%4]}, servers[(k+1)%4])
		next.Rule.Name = rules[random.IntN(len(rules))]
		if k%3 == 0 {
			next.Listen = append(next.Listen[:1:1], Listen{Address: "127.0.0.2:0"})
		}
		require.NoError(t, r.Reload(next))
		require.NoError(t, r.SetDrained(next.Servers[0].Name, k%2 == 0))
		_ = r.SetWeights(map[string]float64{next.Servers[0].Name: 1 + random.Float64()})
		tell("fairlb-report 1 %s %d", servers[k%4].Name, k)
		r.Snapshot()
	}
	stop()
	group.Wait()
	require.Empty(t, failed)
	require.GreaterOrEqual(t, asked.Load(), int64(500))
	s := r.eventually("all have ended", func(s Snapshot) bool { return s.Open == 0 })
	require.Equal(t, uint64(asked.Load()), s.Ended[Completed])
	require.Len(t, s.Servers, 2)
	for _, one := range s.Servers {
		require.Zero(t, one.Ongoing)
	}
}

// TestDrain: what waits in the kernel is served, what is under way may end, what does not
// in time is cut, and nobody new comes in.
func TestDrain(t *testing.T) {
	t.Parallel()
	r := start(t, testConfig(newServer(t, echo).config("a")))
	short, long := r.dial(), r.dial()
	for _, conn := range []net.Conn{short, long} {
		fmt.Fprint(conn, "x")
		_, err := io.ReadFull(conn, make([]byte, 1))
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	drained := make(chan error, 1)
	go func() { drained <- r.Drain(ctx) }()
	tried := uint64(0) // connections that were taken yet, and may be cut before it is seen that they ended
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", r.address)
		if err == nil {
			tried++
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	}, soon, time.Millisecond)
	fmt.Fprint(short, "y")
	_, err := io.ReadFull(short, make([]byte, 1))
	require.NoError(t, err, "it goes on")
	short.Close()
	r.ended(Completed, 1)
	require.Empty(t, drained)
	cancel()
	require.NoError(t, <-drained)
	_, err = io.ReadAll(long)
	require.ErrorIs(t, err, syscall.ECONNRESET)
	r.stop()
	s := r.Snapshot()
	require.GreaterOrEqual(t, s.Ended[Cut], uint64(1))
	require.LessOrEqual(t, s.Ended[Cut], 1+tried)
	require.True(t, s.Drain)
	require.ErrorIs(t, r.SetUp("a", true), ErrEnded)
	require.ErrorIs(t, r.Reload(testConfig()), ErrEnded)
	require.ErrorIs(t, r.Drain(context.Background()), ErrEnded)
}
