//go:build linux

package plane

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/plane/proxyprotocol"
)

// TestEcho: what is sent comes back whole, short and long, copied and spliced, in both
// directions at once; and the counts are right.
func TestEcho(t *testing.T) {
	t.Parallel()
	for _, splice := range []int{0, 1, 1 << 16} {
		t.Run(fmt.Sprint(splice), func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(newServer(t, echo).config("a"))
			cfg.Limits.Splice, cfg.Limits.Buffer = splice, 5000
			r := start(t, cfg)
			total := uint64(0)
			for k, size := range []int{0, 1, 100, 5000, 5001, 1 << 20, 8 << 20} {
				sent := make([]byte, size)
				random := rand.NewChaCha8([32]byte{byte(k)})
				_, _ = random.Read(sent)
				conn := r.dial()
				go func() {
					_, _ = conn.Write(sent)
					_ = conn.CloseWrite()
				}()
				got, err := io.ReadAll(conn)
				require.NoError(t, err)
				require.Equal(t, sha256.Sum256(sent), sha256.Sum256(got), "%d bytes", size)
				total += uint64(size)
				conn.Close()
			}
			s := r.ended(Completed, 7)
			require.Equal(t, total, s.Received)
			require.Equal(t, total, s.Sent)
			require.Equal(t, total, s.Servers[0].Received)
			require.Equal(t, total, s.Servers[0].Sent)
			require.Equal(t, splice > 0, s.Spliced > 0)
			require.Equal(t, uint64(7), s.Accepted)
			require.Equal(t, uint64(7), s.Duration.Count)
			require.Equal(t, uint64(7), s.Connect.Count)
			require.Equal(t, uint64(6), s.Servers[0].Completed, "of the empty one nothing can be told")
			require.Equal(t, uint64(1), s.Servers[0].Abandoned)
			require.Zero(t, s.Open)
			require.Zero(t, s.Servers[0].Ongoing)
			for _, l := range s.Loops {
				require.Zero(t, l.Buffers)
				require.Zero(t, l.Pipes)
			}
			records := make([]Record, 100)
			records = records[:r.ReadRecords(records)]
			require.Len(t, records, 7)
			sum := uint64(0)
			for _, record := range records {
				require.Equal(t, "a", record.Server)
				require.Equal(t, Completed, record.Outcome)
				require.Equal(t, 1, record.Tries)
				require.Equal(t, "127.0.0.1:0", record.Listener)
				require.True(t, record.Client.IsValid())
				require.Positive(t, record.Connect)
				require.WithinDuration(t, time.Now(), record.Accepted, time.Minute)
				sum += record.Received
			}
			require.Equal(t, total, sum)
		})
	}
}

// TestAllLoopsDecideOnTheSameCounts: at no time does least connections over two loops
// leave a server with two more than another.
func TestAllLoopsDecideOnTheSameCounts(t *testing.T) {
	t.Parallel()
	var list []*testServer
	var servers []Server
	for k := range 5 {
		list = append(list, newServer(t, echo))
		servers = append(servers, list[k].config(fmt.Sprint("s", k)))
	}
	r := start(t, testConfig(servers...))
	for n := range 60 {
		conn := r.dial()
		_, err := conn.Write([]byte("x"))
		require.NoError(t, err)
		_, err = io.ReadFull(conn, make([]byte, 1))
		require.NoError(t, err)
		for _, s := range list {
			require.InDelta(t, float64(n)/5, float64(s.accepted.Load()), 1, "connection %d", n)
		}
	}
	s := r.Snapshot()
	for _, l := range s.Loops {
		require.Positive(t, l.Accepted, "the kernel gives connections to both")
	}
	for _, one := range s.Servers {
		require.Equal(t, int32(12), one.Ongoing)
	}
}

// TestHalfClose: an end in one direction reaches the other side while the other direction
// goes on, either way round.
func TestHalfClose(t *testing.T) {
	t.Parallel()
	lateAnswer := newServer(t, func(conn net.Conn) {
		all, _ := io.ReadAll(conn)
		_, _ = conn.Write(bytes.ToUpper(all))
	})
	early := newServer(t, func(conn net.Conn) {
		fmt.Fprint(conn, "hello")
		_ = conn.(*net.TCPConn).CloseWrite()
		all, _ := io.ReadAll(conn)
		if string(all) != "bye" {
			t.Errorf("the server got %q", all)
		}
	})
	r := start(t, testConfig(lateAnswer.config("late")))
	conn := r.dial()
	fmt.Fprint(conn, "question")
	require.NoError(t, conn.CloseWrite())
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "QUESTION", string(answer))
	conn.Close()

	r2 := start(t, testConfig(early.config("early")))
	conn = r2.dial()
	answer, err = io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "hello", string(answer))
	fmt.Fprint(conn, "bye")
	require.NoError(t, conn.CloseWrite())
	r2.ended(Completed, 1)
}

// TestSlowReader: a client that does not read makes its server wait, holds no more than
// it may, and gets all of it in the end; others are served meanwhile.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	// Half of it is more than the kernel's buffers hold, at its usual limits: 32 MiB of what the
	// load balancer has received, and 4 MiB each of what it and the server have to send.
	const size = 96 << 20
	var written atomic.Int64
	big := newServer(t, func(conn net.Conn) {
		block := make([]byte, 1<<16)
		for written.Load() < size {
			n, err := conn.Write(block)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	for _, splice := range []int{0, 1 << 16} {
		written.Store(0)
		cfg := testConfig(big.config("big"))
		cfg.Limits.Splice = splice
		r := start(t, cfg)
		conn := r.dial()
		require.NoError(t, conn.SetReadBuffer(1<<16))
		before := int64(-1)
		require.Eventually(t, func() bool {
			now := written.Load()
			same := now == before && now > 0
			before = now
			return same
		}, soon, 100*time.Millisecond, "the server must be made to wait")
		require.Less(t, before, int64(size/2))
		n, err := io.Copy(io.Discard, conn)
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, int64(size))
		conn.Close()
		r.ended(Completed, 1)
		r.stop()
	}
}

// TestQueue: connections beyond the servers' limits wait their turn, for a time, and not
// too many of them.
func TestQueue(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	var most, now atomic.Int64
	slow := newServer(t, func(conn net.Conn) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		_, _ = conn.Read(make([]byte, 1))
		<-release
		now.Add(-1)
		fmt.Fprint(conn, "done")
	})
	one := slow.config("slow")
	one.MaxConnections = 2
	cfg := testConfig(one)
	cfg.Limits.Queue, cfg.Limits.QueueWait = 3, 1000
	cfg.Loops = 1
	r := start(t, cfg)
	answers := make(chan error, 6)
	for k := range 6 {
		go func() {
			answer, err := r.ask()
			if err == nil && answer != "done" {
				err = errors.New(answer)
			}
			answers <- err
		}()
		if k < 5 {
			r.eventually("it is accepted", func(s Snapshot) bool { return s.Open == k+1 })
		}
	}
	require.Error(t, <-answers, "the queue is full")
	s := r.ended(QueueFull, 1)
	require.Equal(t, 3, s.Queued)
	require.Equal(t, int32(2), s.Servers[0].Ongoing)
	close(release)
	for range 5 {
		require.NoError(t, <-answers)
	}
	s = r.ended(Completed, 5)
	require.Equal(t, uint64(3), s.Wait.Count)
	require.LessOrEqual(t, most.Load(), int64(2))

	cfg.Limits.QueueWait = 0.05
	require.NoError(t, r.Reload(cfg))
	hold := newServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	one = hold.config("hold")
	one.MaxConnections = 1
	cfg.Servers = []Server{one}
	require.NoError(t, r.Reload(cfg))
	r.dial()
	r.eventually("it is served", func(s Snapshot) bool { return s.Servers[0].Ongoing == 1 })
	_, err := r.ask()
	require.Error(t, err)
	r.ended(QueueTimeout, 1)
}

// TestLimit: what is beyond Limits.Connections waits in the kernel and is served later.
func TestLimit(t *testing.T) {
	t.Parallel()
	cfg := testConfig(newServer(t, echo).config("a"))
	cfg.Limits.Connections = 3
	r := start(t, cfg)
	var conns []*net.TCPConn
	for range 8 {
		conn := r.dial()
		fmt.Fprint(conn, "x")
		conns = append(conns, conn)
	}
	for range 8 {
		r.eventually("as many as may be", func(s Snapshot) bool { return s.Open >= 3 || s.Accepted == 8 })
		require.LessOrEqual(t, r.Snapshot().Open, 4, "each loop may be one beyond")
		served := -1
		require.Eventually(t, func() bool {
			for k, conn := range conns {
				_ = conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
				if n, _ := conn.Read(make([]byte, 1)); n == 1 {
					served = k
					return true
				}
			}
			return false
		}, soon, time.Millisecond)
		conns[served].Close()
		conns = append(conns[:served], conns[served+1:]...)
	}
	require.Positive(t, r.ended(Completed, 8).Paused)
}

// TestProxyProtocol: whom a client speaks for reaches the server, in either version; what
// comes right behind a header is not lost; a wrong header is refused and a late one too.
func TestProxyProtocol(t *testing.T) {
	t.Parallel()
	got := make(chan string, 10)
	reads := newServer(t, func(conn net.Conn) {
		all, _ := io.ReadAll(conn)
		length, client, local, err := proxyprotocol.Parse(all)
		if err != nil {
			t.Error(err)
		}
		got <- fmt.Sprint(client, " ", local, " ", string(all[length:]))
	})
	for _, version := range []string{"v1", "v2"} {
		one := reads.config("reads")
		one.ProxyProtocol = version
		cfg := testConfig(one)
		r := start(t, cfg)
		conn := r.dial()
		fmt.Fprint(conn, "plain")
		require.NoError(t, conn.CloseWrite())
		require.Equal(t, fmt.Sprint(conn.LocalAddr(), " ", r.address, " plain"), <-got)

		cfg.Listen[0].ProxyProtocol = true
		cfg.Timeouts.Handshake = 0.2
		r = start(t, cfg)
		for _, cut := range []int{0, 5, 30} {
			conn := r.dial()
			text := "PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\nbehind"
			fmt.Fprint(conn, text[:cut])
			if cut > 0 {
				time.Sleep(20 * time.Millisecond)
			}
			fmt.Fprint(conn, text[cut:])
			require.NoError(t, conn.CloseWrite())
			require.Equal(t, "192.0.2.1:1234 192.0.2.2:80 behind", <-got)
		}
		fmt.Fprint(r.dial(), "GET / HTTP/1.1\r\n\r\n")
		r.ended(BadHeader, 1)
		r.dial()
		r.ended(BadHeader, 2)
		records := make([]Record, 10)
		records = records[:r.ReadRecords(records)]
		clients := 0
		for _, record := range records {
			if record.Client == netip.MustParseAddrPort("192.0.2.1:1234") {
				clients++
			}
			require.True(t, record.Peer.Addr().IsLoopback())
		}
		require.Equal(t, 3, clients)
	}
}

// TestClientsThatGoAway: a client that resets, or says nothing, tells nothing of a server.
func TestClientsThatGoAway(t *testing.T) {
	t.Parallel()
	silent := newServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	r := start(t, testConfig(silent.config("silent")))
	conn := r.dial()
	fmt.Fprint(conn, "x")
	r.eventually("it arrives", func(s Snapshot) bool { return s.Servers[0].Sent == 1 })
	require.NoError(t, conn.SetLinger(0))
	conn.Close()
	r.ended(ClientReset, 1)
	for range 50 { // a port scan
		r.dial().Close()
	}
	s := r.ended(Completed, 50)
	require.Zero(t, s.Servers[0].Completed)
	require.Zero(t, s.Servers[0].Failed)
	require.Equal(t, uint64(51), s.Servers[0].Abandoned)
}

// TestEarlyAnswer: a server that answers and ends before it has read everything is heard.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	refuses := newServer(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 10))
		fmt.Fprint(conn, "too large")
	})
	r := start(t, testConfig(refuses.config("refuses")))
	for range 20 {
		conn := r.dial()
		go func() { _, _ = conn.Write(make([]byte, 32<<20)) }()
		got := make([]byte, 9)
		_, err := io.ReadFull(conn, got)
		require.NoError(t, err)
		require.Equal(t, "too large", string(got))
		conn.Close()
	}
}

// TestTaken: two balancers do not share an address without a word.
func TestTaken(t *testing.T) {
	t.Parallel()
	r := start(t, testConfig(newServer(t, echo).config("a")))
	cfg := testConfig(newServer(t, echo).config("a"))
	cfg.Listen[0].Address = r.address
	_, err := New(cfg, logrus.New())
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, r.address)
}

// TestManyAtOnce: thousands of short connections by many clients at once, all answered, and
// nothing is left behind.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	var servers []Server
	for k := range 3 {
		servers = append(servers, newServer(t, named("s")).config(fmt.Sprint("s", k)))
	}
	cfg := testConfig(servers...)
	cfg.Rule.Name = "self-tuning"
	r := start(t, cfg)
	const clients, each = 20, 100
	var group sync.WaitGroup
	var failed atomic.Int64
	for range clients {
		group.Go(func() {
			for range each {
				if answer, err := r.ask(); err != nil || answer != "s" {
					failed.Add(1)
				}
			}
		})
	}
	group.Wait()
	require.Zero(t, failed.Load())
	s := r.ended(Completed, clients*each)
	s = r.eventually("all loops know", func(s Snapshot) bool {
		return s.Servers[0].Completed+s.Servers[1].Completed+s.Servers[2].Completed == clients*each
	})
	for _, one := range s.Servers {
		require.Zero(t, one.Ongoing)
		require.Positive(t, one.Completed)
	}
}
