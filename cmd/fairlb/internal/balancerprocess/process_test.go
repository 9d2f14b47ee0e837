package balancerprocess

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestLife: a process is ready once its servers are checked, and ends at a signal in an
// order that loses nothing; the service manager is told.
func TestLife(t *testing.T) {
	t.Parallel()
	r := start(t, quick)
	r.await("ready", func() bool { code, _ := r.get("/readyz"); return code == http.StatusOK })
	code, text := r.get("/state")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, `"127.0.0.1:4242"`)
	code, text = r.get("/metrics")
	require.Equal(t, http.StatusOK, code)
	for _, want := range []string{"fairlb_lb_ready{lb=\"web\"} 1\n", "fairlb_lb_log_lines_lost_total{lb=\"web\"} 0\n", `fairlb_lb_reloads_total{lb="web",result="failed"} 0`, "go_goroutines ", "process_open_fds "} {
		require.Contains(t, text, want)
	}
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
	require.NoFileExists(t, filepath.Join(r.dir, "admin"))
	require.Equal(t, []string{"ready true", "ready false", "drain", "ready false"}, r.balancer.happenings())
	told := r.notified()
	require.Equal(t, "READY=1", told[0])
	require.Contains(t, told, "STOPPING=1")
	require.Contains(t, told, "STATUS=2 of 2 servers in, 0 connections under way")
	require.Contains(t, r.said.text(), "listen=\"127.0.0.1:4242\"")
}

// TestUnready: it is not ready before the first checks, by the administrator's word, while
// no server is in, and as it ends; and it says why.
func TestUnready(t *testing.T) {
	t.Parallel()
	r := start(t, "health: {interval: 1000, timeout: 900}\ndrain: {announce: 60}\n")
	code, text := r.get("/readyz")
	if code == http.StatusServiceUnavailable && strings.Contains(text, "checked") { // else the checks were done already
		require.Equal(t, "the servers are being checked for the first time\n", text)
	}
	r.await("no server", func() bool { _, text := r.get("/readyz"); return text == "no server is in\n" })
	require.Equal(t, map[string]bool{"a": false, "b": false}, func() map[string]bool {
		r.balancer.mu.Lock()
		defer r.balancer.mu.Unlock()
		return maps.Clone(r.balancer.up)
	}())
	require.NoError(t, r.balancer.SetUp("a", true))
	r.await("a server is in", func() bool { code, _ := r.get("/readyz"); return code == http.StatusOK })
	for _, test := range []struct {
		post string
		code int
	}{{"/unready", http.StatusServiceUnavailable}, {"/ready", http.StatusOK}} {
		response, err := r.client.Post("http://lb"+test.post, "", nil)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		code, _ = r.get("/readyz")
		require.Equal(t, test.code, code)
	}
	r.signals <- syscall.SIGTERM
	r.await("ending", func() bool { _, text := r.get("/readyz"); return text == "the balancer is ending\n" })
	response, err := r.client.Post("http://lb/ready", "", nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	code, _ = r.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code, "who ends is not made ready again")
	require.NotContains(t, r.balancer.happenings(), "drain", "it still accepts")
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
}

// TestSecondSignal: connections that do not end are cut by it at once, in either wait.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	for _, more := range []string{"health: {check: none}\ndrain: {announce: 0, wait: 3600}\n", "health: {check: none}\ndrain: {announce: 3600, wait: 3600}\n"} {
		r := start(t, more)
		r.balancer.mu.Lock()
		r.balancer.open = 3
		r.balancer.mu.Unlock()
		r.signals <- syscall.SIGTERM
		r.awaitSaid("a second signal cuts them")
		if strings.Contains(more, "announce: 0") {
			r.await("drain", func() bool { return slices.Contains(r.balancer.happenings(), "drain") })
		}
		r.signals <- syscall.SIGHUP // means nothing any more
		r.signals <- os.Interrupt
		require.NoError(t, r.awaitEnd())
		require.Contains(t, r.said.text(), "connections were cut")
		require.Contains(t, r.said.text(), "connections=3")
	}
}

// record is a connection that ended well.
var record = plane.Record{
	Accepted: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Client: netip.MustParseAddrPort("192.0.2.1:4000"), Peer: netip.MustParseAddrPort("127.0.0.1:5000"),
	Listener: "127.0.0.1:0", Server: "a", Tries: 2, Outcome: plane.Completed, Wait: time.Millisecond, Connect: 2 * time.Millisecond, First: 3 * time.Millisecond,
	Duration: 1500 * time.Millisecond, Received: 7, Sent: 8, Loop: 1,
}

// TestFailures: what cannot be had is told with the field that names it, and leaves
// nothing behind.
func TestFailures(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, test := range []struct {
		more, want string
		invalid    bool
	}{
		{"listen: 3\n", "lb.yaml", true},
		{quick + "log: {connections: /none/log}\n", "log.connections: open /none/log: no such file or directory", true},
		{quick + "log: {connections: /tmp}\n", "log.connections: open /tmp: is a directory", true},
	} {
		r, cfg := prepare(t, test.more)
		err := Run(t.Context(), cfg)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, test.invalid, invalid.Is(err))
		require.NoFileExists(t, filepath.Join(r.dir, "admin"))
	}

	r, cfg := prepare(t, "")
	text := strings.Replace(settingsText(r.dir, quick), "/admin}", "/admin, metrics: '"+taken.Addr().String()+"'}", 1)
	require.NoError(t, os.WriteFile(r.file, []byte(text), 0o600))
	err = Run(t.Context(), cfg)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, "admin.metrics: listen tcp 127.0.0.1:")
	require.False(t, invalid.Is(err), "it may pass")
	require.NoFileExists(t, filepath.Join(r.dir, "admin"))

	r, cfg = prepare(t, quick)
	l, err := admin.Listen(t.Context(), filepath.Join(r.dir, "admin"))
	require.NoError(t, err)
	require.ErrorIs(t, Run(t.Context(), cfg), admin.ErrInUse)
	require.NoError(t, l.Close())

	broken := errors.New("broken")
	cfg.New = func(plane.Config, logrus.FieldLogger) (Balancer, error) { return nil, broken }
	require.ErrorIs(t, Run(t.Context(), cfg), broken)
	require.NoFileExists(t, filepath.Join(r.dir, "admin"))
	_, err = Check(filepath.Join(r.dir, "none.yaml"))
	require.True(t, invalid.Is(err))
}

// TestLoopFails: a balancer that cannot go on ends the process with its error.
func TestLoopFails(t *testing.T) {
	t.Parallel()
	r := start(t, quick)
	broken := errors.New("broken")
	r.balancer.broken <- broken
	require.ErrorIs(t, r.awaitEnd(), broken)
	require.NoFileExists(t, filepath.Join(r.dir, "admin"))
}

// TestCondition: loops that do not answer for long are told of, without being waited for.
func TestCondition(t *testing.T) {
	t.Parallel()
	c, err := plane.Load("f.yaml", []byte(settingsText("/tmp", quick)))
	require.NoError(t, err)
	f := newFakeBalancer(*c)
	condition := newCondition(f)
	condition.start()
	require.Empty(t, condition.Unhealthy())
	require.Empty(t, condition.Unready())
	condition.seen = time.Now().Add(-time.Minute)
	require.Equal(t, "the event loops have not answered for 60 s", condition.Unhealthy())
	condition.look()
	require.Empty(t, condition.Unhealthy())
	require.Equal(t, "2 of 2 servers in, 0 connections under way", condition.summary())
	condition.WantReady(false)
	require.Equal(t, "not ready: the administrator has said so, and POST /ready takes it back; 2 of 2 servers in, 0 connections under way", condition.summary())
}

// TestFilesNeeded: more connections than files are warned of.
func TestFilesNeeded(t *testing.T) {
	t.Parallel()
	said := &lines{}
	log := logrus.New()
	log.SetOutput(said)
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	c := plane.Default()
	c.Limits.Connections = 1
	warnOfFiles(&c, log)
	require.Empty(t, said.text())
	c.Limits.Connections = int(limit.Cur)
	warnOfFiles(&c, log)
	require.Contains(t, said.text(), "ulimit -n")
}

// TestService: states come in their order, all of them, the watchdog gets signs of life
// only while the loops answer, and a manager that is gone is told of once.
func TestService(t *testing.T) {
	c, err := plane.Load("f.yaml", []byte(settingsText("/tmp", quick)))
	require.NoError(t, err)
	condition := newCondition(newFakeBalancer(*c))
	condition.start()
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", "")
	said := &lines{}
	log := logrus.New()
	log.SetOutput(said)
	var mu sync.Mutex
	var told []string
	s := newService(func(state string) error {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, state)
		return errors.New("nobody listens")
	}, condition, log)
	require.Equal(t, 20*time.Millisecond, s.watchdog)
	signs := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, state := range told {
			if state == "WATCHDOG=1" {
				n++
			}
		}
		return n
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.run(ctx) }()
	s.ready()
	require.Eventually(t, func() bool { return signs() > 2 }, 30*time.Second, time.Millisecond)
	condition.mu.Lock()
	condition.seen = time.Now().Add(-time.Minute)
	condition.mu.Unlock()
	time.Sleep(20 * time.Millisecond) // the sign that may be under way
	before := signs()
	time.Sleep(60 * time.Millisecond)
	require.Equal(t, before, signs())
	cancel()
	<-done
	require.Equal(t, "READY=1", told[0])
	require.Equal(t, 1, strings.Count(said.text(), "cannot be told"))

	told = nil
	last := newService(func(state string) error { told = append(told, state); return nil }, condition, log)
	last.stopping()
	last.run(ctx) // which is done already
	require.Equal(t, "STOPPING=1", told[0])
	for range 10 * serviceRoom {
		last.stopping() // nobody waits
	}
}
