package agentprocess

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/agents"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env"
	"fairlb/env/testbed"
	"fairlb/env/testbed/testbedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// steered is a process that steers a pool in virtual time.
type steered struct {
	pool  *testbedtest.Pool
	clock *testbedtest.Clock
	cfg   Config
	log   bytes.Buffer // decisions
	said  bytes.Buffer // by the logger
}

// newSteered makes a pool of one load balancer and servers of the given speeds.
func newSteered(rate float64, speeds ...float64) *steered {
	s := &steered{clock: testbedtest.NewClock()}
	s.pool = testbedtest.NewPool(testbedtest.PoolConfig{LBs: 1, Speed: speeds, Spare: 1, Rate: rate}, s.clock)
	logger := logrus.New()
	logger.SetOutput(&s.said)
	s.cfg = Config{
		Planes: []Source{{Name: "web", Open: func(context.Context) (testbed.Plane, error) { return s.pool.Plane(0), nil }}},
		Guard:  GuardConfig, Log: &s.log, Logger: logger, Clock: s.clock,
	}
	return s
}

// run runs the process for a time and returns what it decided.
func (s *steered) run(t *testing.T, d time.Duration) []line {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.clock.At(d, cancel)
	require.NoError(t, Run(ctx, s.cfg))
	var lines []line
	for text := range strings.Lines(s.log.String()) {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l), text)
		lines = append(lines, l)
	}
	return lines
}

// line is a line of the log of decisions.
type line struct {
	Step    int
	Plane   string
	By      string
	Reason  string
	Fault   string
	Written bool
	Stale   bool
	Shadow  *struct {
		Moved    float64
		Duration float64 `json:"duration_s"`
	}
	Servers map[string]struct{ Weight float64 }
}

// TestSelfTuningSteers: the weights come to follow what servers can do, each interval is
// logged, and the plane is given back.
func TestSelfTuningSteers(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9, 3, 3)
	lines := s.run(t, 60*time.Second+time.Millisecond) // fewer lines than the log has room for
	require.Len(t, lines, 240)
	require.Equal(t, 1, lines[0].Step)
	require.Equal(t, 240, lines[239].Step)
	last := lines[239]
	require.True(t, last.Written)
	require.Equal(t, "self-tuning", last.By)
	require.Len(t, last.Servers, 3)
	require.Greater(t, last.Servers["s0"].Weight/last.Servers["s1"].Weight, 1.3)
	require.InDelta(t, 1, last.Servers["s1"].Weight/last.Servers["s2"].Weight, 0.5)
	plane := s.pool.Plane(0)
	require.Len(t, plane.Writes(), 240)
	require.Equal(t, 240, plane.Beats())
	require.Equal(t, 1, plane.Closed())
}

// TestShadowWritesNothing: it decides, and tells what that would do.
func TestShadowWritesNothing(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9, 3, 3)
	s.cfg.Shadow = true
	lines := s.run(t, 60*time.Second)
	require.Empty(t, s.pool.Plane(0).Writes())
	require.Zero(t, s.pool.Plane(0).Beats())
	last := lines[len(lines)-1]
	require.False(t, last.Written)
	require.NotNil(t, last.Shadow)
	require.Positive(t, last.Shadow.Moved)
	require.Positive(t, last.Shadow.Duration)
}

// TestPlaneGoneAndServersChange: a plane that goes is waited for, and servers may join
// and leave.
func TestPlaneGoneAndServersChange(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9, 3, 3)
	plane := s.pool.Plane(0)
	s.clock.At(20*time.Second, func() { plane.SetGone(true) })
	s.clock.At(30*time.Second, func() { plane.SetGone(false) })
	s.clock.At(40*time.Second, func() { s.pool.Join(3, "s3", 9) })
	s.clock.At(50*time.Second, func() { s.pool.Leave(1) })
	lines := s.run(t, 60*time.Second)
	for _, l := range lines {
		at := float64(l.Step) * 0.25
		switch {
		case at > 21 && at < 30:
			require.True(t, l.Stale, "step %d", l.Step)
			require.False(t, l.Written, "step %d", l.Step)
		case at > 33:
			require.True(t, l.Written, "step %d", l.Step)
		}
	}
	names := func(l line) (list []string) {
		for _, n := range []string{"s0", "s1", "s2", "s3"} {
			if _, ok := l.Servers[n]; ok {
				list = append(list, n)
			}
		}
		return list
	}
	require.Equal(t, []string{"s0", "s1", "s2", "s3"}, names(lines[4*45]))
	require.Equal(t, []string{"s0", "s2", "s3"}, names(lines[len(lines)-1]))
	require.Contains(t, s.said.String(), "waiting for the plane")
	require.Contains(t, s.said.String(), "the plane is there")
}

// fixed is a policy of fixed weights, by the present time.
type fixed struct{ weights func(now float64) []float64 }

func (fixed) Reset(uint64) {}

func (f fixed) Act(dst [][]float64, step *env.Step) error {
	copy(dst[0], f.weights(step.Time))
	return nil
}

// policyOf is the Policy of an actor for three servers.
func policyOf(f fixed) *Policy {
	return &Policy{
		Name: "mine", LBs: 1, Servers: 3, Interval: 0.25, Bounds: env.ActionSpec{Low: 0.1, High: 10},
		New: func() (agents.Actor, error) { return f, nil },
	}
}

// TestPolicyUnderGuard: what a policy decides is written as long as it can be, and
// self-tuning acts when it cannot.
func TestPolicyUnderGuard(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9, 3, 3)
	s.cfg.Policy = policyOf(fixed{func(now float64) []float64 {
		if now > 20 {
			return []float64{math.NaN(), 1, 1}
		}
		return []float64{3, 1, 1}
	}})
	lines := s.run(t, 30*time.Second)
	by := map[string]int{}
	for _, l := range lines {
		by[l.By+" "+l.Reason]++
	}
	require.Greater(t, by["policy healthy"], 30, "%v", by)
	require.Greater(t, by["self-tuning invalid"], 30, "%v", by)
	for _, weights := range s.pool.Plane(0).Writes() {
		for _, w := range weights {
			require.True(t, w > 0 && !math.IsInf(w, 1), "weight %g", w)
		}
	}
}

// TestPolicyAlone: without a guard the policy's weights are written as they are, at once,
// and a server that it does not know gets the mean.
func TestPolicyAlone(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9, 3, 3)
	s.cfg.Guard = nil
	s.cfg.Policy = policyOf(fixed{func(float64) []float64 { return []float64{4, 0.5, 1.5} }})
	s.clock.At(10*time.Second, func() { s.pool.Join(3, "new", 3) })
	lines := s.run(t, 20*time.Second)
	for _, l := range lines {
		require.Equal(t, "policy", l.By)
		require.True(t, l.Written)
	}
	writes := s.pool.Plane(0).Writes()
	require.Equal(t, []float64{4, 0.5, 1.5}, writes[0][:3])
	require.Equal(t, []float64{4, 0.5, 1.5, 2}, writes[len(writes)-1])
}

// TestPolicyThatDoesNotFit: another number of servers is told by name, at once.
func TestPolicyThatDoesNotFit(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9, 3)
	s.cfg.Policy = policyOf(fixed{func(float64) []float64 { return []float64{1, 1, 1} }})
	err := Run(t.Context(), s.cfg)
	require.EqualError(t, err, "web: the plane has 2 servers (s0, s1): mine was trained for 3")
	require.True(t, invalid.Is(err))
	require.Equal(t, 1, s.pool.Plane(0).Closed())
}

// TestConfigFaults: all are told at once.
func TestConfigFaults(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9)
	s.cfg.Planes = append(s.cfg.Planes, s.cfg.Planes[0])
	s.cfg.Interval, s.cfg.Listen = -1, "0.0.0.0:80"
	require.EqualError(t, Run(t.Context(), s.cfg), "--plane web is given twice\n--interval -1: must be in [0.001, 3600] s\n--listen 0.0.0.0:80: must be a loopback address, such as 127.0.0.1:0")
	_, err := ParseSource("shm:", s.cfg.Logger)
	require.ErrorContains(t, err, `--plane "shm:": must be shm:PATH`)
	_, err = ParseSource("haproxy:/tmp/admin.sock", s.cfg.Logger)
	require.ErrorContains(t, err, "backend")
	_, err = ParseSource("nothing.yaml", s.cfg.Logger)
	require.ErrorContains(t, err, "nothing.yaml")
}

// fullDisk takes some bytes and then no more.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return 0, syscall.ENOSPC
	}
	d.room -= len(p)
	return len(p), nil
}

// TestFullDisk: a log that cannot be written stops nothing.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9, 3)
	s.cfg.Log = &fullDisk{room: 2000}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.clock.At(20*time.Second, cancel)
	require.NoError(t, Run(ctx, s.cfg))
	require.Len(t, s.pool.Plane(0).Writes(), 79)
	require.Equal(t, 1, strings.Count(s.said.String(), "the log cannot be written"))
}

// TestBlockedLog: a log whose reader does not read loses lines and stops nothing.
func TestBlockedLog(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9, 3)
	reader, writer := io.Pipe()
	s.cfg.Log = writer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var once sync.Once
	s.clock.At(200*time.Second, func() { once.Do(func() { cancel(); reader.CloseWithError(errors.New("nobody reads")) }) })
	require.NoError(t, Run(ctx, s.cfg))
	require.Len(t, s.pool.Plane(0).Writes(), 799)
}

// TestMetricsAndHealth: what is told over HTTP.
func TestMetricsAndHealth(t *testing.T) {
	t.Parallel()
	s := newSteered(8, 9, 3)
	require.NoError(t, s.cfg.complete())
	lines, times := newDecisionLog(nil, s.cfg.Logger), newHistograms()
	x, err := newSteerer(&s.cfg, 0, s.cfg.Planes[0], lines, times)
	require.NoError(t, err)
	h := handler([]*steerer{x}, lines, times, &s.cfg)
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	code, text := get("/readyz")
	require.Equal(t, 503, code)
	require.Equal(t, "web: the plane is not there\n", text)
	for k := 1; k <= 40; k++ {
		require.NoError(t, s.clock.WaitUntil(t.Context(), s.clock.Now().Add(250*time.Millisecond)))
		x.step.Time = float64(k) * 0.25
		require.NoError(t, x.interval(t.Context(), s.clock.Now()))
	}
	for _, path := range []string{"/readyz", "/healthz"} {
		code, text = get(path)
		require.Equal(t, 200, code, text)
	}
	code, text = get("/metrics")
	require.Equal(t, 200, code)
	for _, want := range []string{
		`fairlb_agent_intervals_total{plane="web"} 40`, `fairlb_agent_plane_up{plane="web"} 1`, `fairlb_agent_self_tuning{plane="web"} 1`,
		`fairlb_agent_write_errors_total{plane="web"} 0`, `fairlb_agent_server_on_probation{plane="web",server="s0"} 0`, `fairlb_agent_log_lines_lost_total 0`,
	} {
		require.Contains(t, text, want+"\n")
	}
	require.NoError(t, s.clock.WaitUntil(t.Context(), s.clock.Now().Add(time.Minute)))
	code, text = get("/healthz")
	require.Equal(t, 503, code)
	require.Equal(t, "web: no interval was served for 60.0 s\n", text)
	require.NoError(t, x.close())
}
