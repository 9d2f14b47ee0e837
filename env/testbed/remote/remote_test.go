package remote

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env/observe"
	"fairlb/env/snapshot"
	"fairlb/env/testbed"
	"fairlb/env/testbed/testbedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var key = []byte("a key of more than sixteen bytes")

const timeout = 20 * time.Second // a busy machine's

// newPool returns a pool of one load balancer and 3 servers, and room for one more.
func newPool() (*testbedtest.Pool, *testbedtest.Clock) {
	clock := testbedtest.NewClock()
	return testbedtest.NewPool(testbedtest.PoolConfig{LBs: 1, Speed: []float64{1, 2, 3}, Spare: 1, Rate: 50}, clock), clock
}

// lend lends a plane at a Unix socket until the test or stop ends it.
func lend(t *testing.T, plane testbed.Plane, path string) (stop func()) {
	t.Helper()
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(io.Discard)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, plane, key, log) }()
	ended := false
	stop = func() {
		if !ended {
			ended = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return stop
}

func dial(t *testing.T, path string) *Plane {
	t.Helper()
	p, err := Dial(t.Context(), "unix", path, key, timeout)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func socket(t *testing.T) string { return filepath.Join(t.TempDir(), "s") }

// TestLentPlane: what is lent tells and does what it would by itself, while servers come
// and go, and its errors are its own.
func TestLentPlane(t *testing.T) {
	pool, clock := newPool()
	own := pool.Plane(0)
	require.NoError(t, pool.Begin(t.Context(), 1))
	path := socket(t)
	lend(t, own, path)
	p := dial(t, path)
	var theirs, mine testbed.Reading
	for step := range 40 {
		clock.Advance(250 * time.Millisecond)
		switch step {
		case 10:
			pool.Join(3, "new", 2)
		case 20:
			pool.Leave(1)
		case 30:
			own.Restart()
		}
		require.NoError(t, p.Read(&theirs))
		require.NoError(t, own.Read(&mine))
		require.GreaterOrEqual(t, theirs.Age, mine.Age)
		theirs.Age = mine.Age
		require.Equal(t, mine, theirs)
		require.NoError(t, p.Write([]float64{1, 2, float64(step + 1), 4}[:len(mine.Servers)]))
		require.NoError(t, p.Beat())
	}
	require.Equal(t, 40, own.Beats())
	writes := own.Writes()
	require.Equal(t, 40.0, writes[len(writes)-1][2])

	own.SetGone(true)
	require.ErrorIs(t, p.Read(&theirs), testbed.ErrPlaneGone)
	own.SetGone(false)
	own.SetSilent(true)
	require.ErrorIs(t, p.Read(&theirs), testbed.ErrNoReading)
	own.SetSilent(false)
	own.FailWrites(errors.New("broken"))
	require.ErrorContains(t, p.Write([]float64{1, 1, 1, 1}), "broken")
	own.Spoil(func(r *testbed.Reading) { r.Load = r.Load[:1] })
	clock.Advance(time.Second)
	require.ErrorContains(t, p.Read(&theirs), testbed.ErrReading.Error())
	require.Zero(t, own.Closed())
}

// TestBytesAreCounted: names are sent once, and what is counted is what was sent.
func TestBytesAreCounted(t *testing.T) {
	pool, clock := newPool()
	require.NoError(t, pool.Begin(t.Context(), 1))
	path := socket(t)
	lend(t, pool.Plane(0), path)
	p := dial(t, path)
	greeted := p.Counts()
	greeting := uint64(len(magic) + nonceSize + headerSize + macSize)
	require.Equal(t, Counts{greeting, greeting}, greeted)
	var r testbed.Reading
	var sizes []uint64
	for range 3 {
		clock.Advance(time.Second)
		before := p.Counts()
		require.NoError(t, p.Read(&r))
		require.EqualValues(t, headerSize+macSize, p.Counts().Sent-before.Sent)
		sizes = append(sizes, p.Counts().Received-before.Received)
	}
	require.Greater(t, sizes[0], sizes[1])
	require.Equal(t, sizes[1], sizes[2])
	slots := uint64(len(r.Servers))
	require.EqualValues(t, headerSize+macSize+5*8+8+slots*7*8+8+4*uint64(len(r.Obs))+8+8*slots, sizes[1])
}

// TestWrongKey: who has another key learns nothing and does nothing.
func TestWrongKey(t *testing.T) {
	pool, _ := newPool()
	path := socket(t)
	lend(t, pool.Plane(0), path)
	other := append([]byte("x"), key...)
	p, err := Dial(t.Context(), "unix", path, other, timeout)
	require.NoError(t, err) // the other side hung up, which may pass
	require.ErrorIs(t, p.Beat(), testbed.ErrPlaneGone)
	require.ErrorContains(t, p.Beat(), "another key")
	require.NoError(t, p.Close())
	require.Zero(t, pool.Plane(0).Beats())
	_, err = Dial(t.Context(), "unix", path, key[:MinKey-1], timeout)
	require.ErrorIs(t, err, ErrKey)
	l, err := net.Listen("unix", socket(t))
	require.NoError(t, err)
	require.ErrorIs(t, Serve(t.Context(), l, pool.Plane(0), nil, logrus.New()), ErrKey)
}

// relayed is a connection to a lent plane through one that changes what passes.
func relayed(t *testing.T, path string, change func(toServer bool, b []byte) []byte) net.Conn {
	t.Helper()
	server, err := net.Dial("unix", path)
	require.NoError(t, err)
	client, end := net.Pipe()
	pass := func(toServer bool, from, to net.Conn) {
		defer from.Close()
		defer to.Close()
		buffer := make([]byte, 1<<16)
		for {
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			if _, err := to.Write(change(toServer, buffer[:n])); err != nil {
				return
			}
		}
	}
	done := make(chan struct{}, 2)
	go func() { pass(true, end, server); done <- struct{}{} }()
	go func() { pass(false, server, end); done <- struct{}{} }()
	t.Cleanup(func() { client.Close(); <-done; <-done })
	return client
}

// TestTampering: a byte that is changed on the way, or a frame that comes twice, ends the
// session, in either direction.
func TestTampering(t *testing.T) {
	pool, _ := newPool()
	path := socket(t)
	lend(t, pool.Plane(0), path)
	whole := headerSize + 8 + 8 + macSize // a frame of one weight
	for at := range whole {
		armed := false
		conn := relayed(t, path, func(toServer bool, b []byte) []byte {
			if armed && toServer && at < len(b) {
				b[at] ^= 1
			}
			return b
		})
		var count counter
		s, err := greet(conn, key, true, timeout, &count)
		require.NoError(t, err)
		armed = true
		// A changed length has the server wait for more, until the client hangs up.
		require.NoError(t, conn.SetDeadline(time.Now().Add(100*time.Millisecond)))
		c := snapshot.Writer()
		weights := []float64{1}
		snapshot.Slice(c, &weights, c.Float64)
		require.NoError(t, s.send(kindWrite, c.Bytes()))
		_, _, err = s.receive()
		require.Error(t, err, "byte %d", at)
	}
	require.Empty(t, pool.Plane(0).Writes())

	for _, direction := range []bool{true, false} {
		armed := false
		conn := relayed(t, path, func(toServer bool, b []byte) []byte {
			if armed && toServer == direction {
				return append(b[:len(b):len(b)], b...)
			}
			return b
		})
		var count counter
		s, err := greet(conn, key, true, timeout, &count)
		require.NoError(t, err)
		armed = true
		require.NoError(t, s.send(kindBeat, nil))
		kind, _, err := s.receive()
		require.NoError(t, err)
		require.EqualValues(t, kindDone, kind)
		_, _, err = s.receive() // of what came again
		require.Error(t, err)
	}
	require.Equal(t, 2, pool.Plane(0).Beats())
}

// TestNotTheProtocol: what is no greeting is refused on both sides.
func TestNotTheProtocol(t *testing.T) {
	pool, _ := newPool()
	path := socket(t)
	lend(t, pool.Plane(0), path)
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	_, err = conn.Write([]byte("GET / HTTP/1.1\r\nHost: somebody's\r\n\r\n"))
	require.NoError(t, err)
	_, err = io.ReadAll(conn)
	if err != nil { // what was not read makes a reset
		require.ErrorContains(t, err, "reset")
	}
	require.NoError(t, conn.Close())

	other := socket(t)
	l, err := net.Listen("unix", other)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
			_, _ = io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	_, err = Dial(t.Context(), "unix", other, key, timeout)
	require.ErrorIs(t, err, ErrProtocol)
	<-done
	require.NoError(t, l.Close())
}

// TestLater: a client that comes later has the plane from then on; and one finds it again
// after its machine was away.
func TestLater(t *testing.T) {
	pool, _ := newPool()
	path := socket(t)
	stop := lend(t, pool.Plane(0), path)
	first, second := dial(t, path), dial(t, path)
	require.NoError(t, second.Beat())
	require.ErrorIs(t, first.Beat(), testbed.ErrPlaneGone)
	require.NoError(t, second.Close())
	require.NoError(t, first.Beat(), "it has connected again")
	stop()
	require.ErrorIs(t, first.Beat(), testbed.ErrPlaneGone)
	require.ErrorIs(t, first.Beat(), testbed.ErrPlaneGone)
	lend(t, pool.Plane(0), path)
	require.NoError(t, first.Beat())
	require.Equal(t, 3, pool.Plane(0).Beats())
}

// FuzzReading: no bytes are a reading that could not have been sent, nor make anybody
// allocate much or panic.
func FuzzReading(f *testing.F) {
	features := len(observe.Features())
	r := testbed.Reading{Sequence: 1, Servers: []testbed.Server{{Name: "a", In: true}, {}}, Obs: make([]float32, 2*features), Load: make([]float64, 2)}
	c := snapshot.Writer()
	new(names).walk(c, &r, features)
	f.Add(c.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var n names
		var got testbed.Reading
		c := snapshot.Reader(data)
		n.walk(c, &got, features)
		if c.Err() != nil {
			return
		}
		again := snapshot.Writer()
		new(names).walk(again, &got, features)
		require.Equal(t, data, again.Bytes())
		_ = fault(data)
	})
}

// TestTakeOver: who connected later has the plane, whoever greeted first.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	first, _ := net.Pipe()
	second, _ := net.Pipe()
	s := &server{}
	require.True(t, s.takeOver(second, 2))
	require.False(t, s.takeOver(first, 1))
	require.Equal(t, second, s.lentTo)
	require.True(t, s.takeOver(nil, math.MaxUint64))
	require.Nil(t, s.lentTo)
	_, err := second.Write([]byte{1})
	require.ErrorIs(t, err, io.ErrClosedPipe)
}
