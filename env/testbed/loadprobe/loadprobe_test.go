package loadprobe

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counting is servers whose requests are the number of times that they were looked at.
type counting struct {
	looks atomic.Int64
	err   error
}

func (c *counting) Truth(t *env.Truth) error {
	n := int(c.looks.Add(1))
	*t = env.Truth{Busy: []int{1, 2}, Running: []int{n, n}, Backlog: []int{0, 5}, CPUTime: []float64{0.5, 1.25}, CPUs: []int{2, 4}}
	return c.err
}

// responding runs responders until the test ends.
func responding(t *testing.T, truth env.GroundTruth, servers int) *Responders {
	t.Helper()
	r, err := Listen(servers, truth)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return r
}

func config(r *Responders) Config {
	return Config{Addresses: r.Addresses(), Frequency: 100, Begin: time.Now(), Duration: 300 * time.Millisecond, Phase: rand.New(rand.NewPCG(1, 1))}
}

// TestStatus: what is sent is what comes, by its bytes.
func TestStatus(t *testing.T) {
	t.Parallel()
	s := Status{Server: 1, Processors: 4, Busy: 2, Requests: 258, CPUTime: 3 * time.Second, Clock: 258 * time.Microsecond}
	sent := s.append(nil)
	require.Equal(t, []byte{0, 1, 0, 4, 0, 2, 1, 2, 0, 0, 0, 0, 0, 0x2d, 0xc6, 0xc0, 0, 0, 0, 0, 0, 0, 1, 2}, sent)
	require.Equal(t, s, parseStatus([AnswerSize]byte(sent)))
	require.Positive(t, parseStatus([AnswerSize]byte{16: 255, 17: 255}).Clock)
	s.Requests = 1 << 20
	require.Equal(t, 1<<16-1, parseStatus([AnswerSize]byte(s.append(nil))).Requests)
}

// TestProbes: each server is probed as often as it should be, its own state is what comes,
// and the bytes at the socket are those of the probes and the answers.
func TestProbes(t *testing.T) {
	t.Parallel()
	r := responding(t, &counting{}, 2)
	results, err := Run(t.Context(), config(r))
	require.NoError(t, err)
	for j, x := range results {
		require.InDelta(t, 30, len(x.Answers)+x.Missed, 1)
		n := len(x.Answers)
		require.Positive(t, n)
		require.Len(t, x.Late, n)
		require.Equal(t, Traffic{n * RequestSize, n * AnswerSize, x.SegmentsSent, x.SegmentsReceived}, x.Traffic)
		if runtime.GOOS == "linux" {
			require.InDelta(t, 2*n, x.SegmentsSent+x.SegmentsReceived, float64(n)+2, "a segment each way, and acknowledgements")
			require.GreaterOrEqual(t, x.SegmentsReceived, n)
		}
		last := time.Duration(-1)
		for _, a := range x.Answers {
			require.Equal(t, j, a.Server)
			require.Equal(t, []int{2, 4}[j], a.Processors)
			require.Equal(t, j+1, a.Busy)
			require.Equal(t, []time.Duration{500 * time.Millisecond, 1250 * time.Millisecond}[j], a.CPUTime)
			require.Greater(t, a.Received, last)
			require.Less(t, a.Clock, time.Minute)
			last = a.Received
		}
	}
}

// slow is servers that take a while to be looked at.
type slow struct{ counting }

func (s *slow) Truth(t *env.Truth) error {
	time.Sleep(35 * time.Millisecond)
	return s.counting.Truth(t)
}

// TestMissed: a probe that is due while the one before is not answered yet is sent late, or
// not at all where the next one is due as well.
func TestMissed(t *testing.T) {
	t.Parallel()
	results, err := Run(t.Context(), config(responding(t, &slow{}, 1)))
	require.NoError(t, err)
	x := results[0]
	require.InDelta(t, 30, len(x.Answers)+x.Missed, 1)
	require.Less(t, len(x.Answers), 10, "one each 35 ms at most")
}

// TestStopped: who is told to stop says what has come so far.
func TestStopped(t *testing.T) {
	t.Parallel()
	cfg := config(responding(t, &counting{}, 1))
	cfg.Duration = time.Hour
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	results, err := Run(ctx, cfg)
	require.NoError(t, err)
	require.NotEmpty(t, results[0].Answers)
}

// TestFaults: no probes, nobody there, nobody who answers, and another who does.
func TestFaults(t *testing.T) {
	t.Parallel()
	r := responding(t, &counting{}, 2)
	for _, break_ := range []func(*Config){func(c *Config) { c.Frequency = 0 }, func(c *Config) { c.Duration = 0 }, func(c *Config) { c.Phase = nil }} {
		cfg := config(r)
		break_(&cfg)
		_, err := Run(t.Context(), cfg)
		require.ErrorIs(t, err, ErrConfig)
	}
	cfg := config(r)
	cfg.Addresses = []netip.AddrPort{r.Addresses()[1]}
	_, err := Run(t.Context(), cfg)
	require.ErrorIs(t, err, ErrAnswer)

	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	cfg = config(r)
	cfg.Addresses, cfg.Patience = []netip.AddrPort{silent.Addr().(*net.TCPAddr).AddrPort()}, 50*time.Millisecond
	_, err = Run(t.Context(), cfg)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
	require.NoError(t, silent.Close())
	cfg.Begin = time.Now()
	_, err = Run(t.Context(), cfg)
	require.ErrorContains(t, err, "loadprobe: server 0 at 127.0.0.1:")
}

// TestNoTruth: responders end with the error of the servers' state.
func TestNoTruth(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	r, err := Listen(1, &counting{err: broken})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- r.Run(t.Context()) }()
	cfg := config(r)
	_, err = Run(t.Context(), cfg)
	require.Error(t, err)
	require.ErrorIs(t, <-done, broken)
}
