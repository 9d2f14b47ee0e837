package balancerprocess

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	"fairlb/cmd/fairlb/internal/linelog"
	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a balancer that balances nothing.
type fake struct {
	mu      sync.Mutex
	cfg     plane.Config
	up      map[string]bool
	ready   bool
	refuses error // of Reload
	events  []string
	records []plane.Record
	open    int // connections, which never end by themselves
	cut     int
	silent  chan struct{} // if not nil, the loops do not answer until it is closed
	ended   chan struct{}
	broken  chan error // ends Run
}

func newFakeBalancer(cfg plane.Config) *fake {
	return &fake{cfg: cfg, up: map[string]bool{}, ended: make(chan struct{}), broken: make(chan error, 1)}
}

func (f *fake) happened(format string, args ...any) {
	f.events = append(f.events, fmt.Sprintf(format, args...))
}

func (f *fake) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-f.ended:
	case err := <-f.broken:
		return err
	}
	return nil
}

func (f *fake) Close() error { return nil }

func (f *fake) Reload(cfg plane.Config) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuses != nil {
		return f.refuses
	}
	f.cfg = cfg
	f.happened("reload")
	return nil
}

func (f *fake) Drain(ctx context.Context) error {
	f.mu.Lock()
	open := f.open
	f.happened("drain")
	f.mu.Unlock()
	if open > 0 {
		<-ctx.Done()
		f.mu.Lock()
		f.cut, f.open = open, 0
		f.mu.Unlock()
	}
	close(f.ended)
	return nil
}

func (f *fake) SetReady(ready bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready = ready
	f.happened("ready %t", ready)
}

func (f *fake) SetUp(server string, up bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up[server] = up
	return nil
}

func (f *fake) SetDrained(string, bool) error               { return nil }
func (f *fake) SetWeights(weights map[string]float64) error { return plane.ErrNoWeights }

func (f *fake) Snapshot() plane.Snapshot {
	f.mu.Lock()
	silent := f.silent
	f.mu.Unlock()
	if silent != nil {
		<-silent
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := plane.Snapshot{Name: f.cfg.Name, Ready: f.ready, Open: f.open}
	s.Ended[plane.Cut] = uint64(f.cut)
	for _, server := range f.cfg.Servers {
		up, known := f.up[server.Name]
		s.Servers = append(s.Servers, plane.ServerState{Name: server.Name, Address: server.Address, In: up || !known, Up: up || !known})
	}
	return s
}

func (f *fake) ReadRecords(dst []plane.Record) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := copy(dst, f.records)
	f.records = f.records[n:]
	return n
}

func (f *fake) Addresses() []netip.AddrPort {
	return []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:4242")}
}

// end ends a connection with a record.
func (f *fake) end(r plane.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.records = append(f.records, r)
}

// happenings are the events so far.
func (f *fake) happenings() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events)
}

// lines takes what is logged.
type lines struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.String()
}

// running is a process around a fake.
type running struct {
	t        *testing.T
	dir      string
	file     string
	balancer *fake
	signals  chan os.Signal
	said     *lines
	stdout   *lines
	notified func() []string
	cancel   context.CancelFunc
	result   chan error
	client   *http.Client
}

// settingsText is a file of settings in a folder, without checks and announcement.
func settingsText(dir, more string) string {
	return fmt.Sprintf("name: web\nlisten: [{address: '127.0.0.1:0'}]\nservers: [{name: a, address: '127.0.0.1:9'}, {name: b, address: '127.0.0.2:9'}]\nadmin: {socket: %s/admin}\n%s", dir, more)
}

// quick are settings that take no time.
const quick = "health: {check: none}\ndrain: {announce: 0, wait: 60}\n"

// prepare writes settings and makes what runs a process of them.
func prepare(t *testing.T, more string) (*running, Config) {
	t.Helper()
	dir, err := os.MkdirTemp("", "lb")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	r := &running{t: t, dir: dir, file: filepath.Join(dir, "lb.yaml"), signals: make(chan os.Signal, 4), said: &lines{}, stdout: &lines{}, result: make(chan error, 1)}
	r.write(more)
	log := logrus.New()
	log.SetOutput(r.said)
	var mu sync.Mutex
	var notified []string
	r.notified = func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(notified) }
	made := make(chan *fake, 1)
	cfg := Config{
		File: r.file, Signals: r.signals, Stdout: r.stdout, Logger: log,
		New: func(cfg plane.Config, _ logrus.FieldLogger) (Balancer, error) {
			r.balancer = newFakeBalancer(cfg)
			made <- r.balancer
			return r.balancer, nil
		},
		Notify: func(state string) error { mu.Lock(); defer mu.Unlock(); notified = append(notified, state); return nil },
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "admin"))
	}}
	t.Cleanup(transport.CloseIdleConnections)
	r.client = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	return r, cfg
}

// start runs a process until the test ends, and waits until it listens.
func start(t *testing.T, more string) *running {
	t.Helper()
	r, cfg := prepare(t, more)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.result <- Run(ctx, cfg) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-r.result:
		default:
		}
	})
	r.awaitSaid("the balancer listens")
	return r
}

// write writes the settings' file.
func (r *running) write(more string) {
	require.NoError(r.t, os.WriteFile(r.file, []byte(settingsText(r.dir, more)), 0o600))
}

// await waits for a condition.
func (r *running) await(what string, condition func() bool) {
	r.t.Helper()
	require.Eventually(r.t, condition, 30*time.Second, 5*time.Millisecond, "%s\n%s", what, r.said.text())
}

// awaitSaid waits for a line of the log.
func (r *running) awaitSaid(text string) {
	r.t.Helper()
	r.await(text, func() bool { return strings.Contains(r.said.text(), text) })
}

// awaitEnd waits until the process has ended.
func (r *running) awaitEnd() error {
	r.t.Helper()
	select {
	case err := <-r.result:
		r.result <- err
		return err
	case <-time.After(30 * time.Second):
		r.t.Fatalf("the process does not end\n%s", r.said.text())
		return nil
	}
}

// get asks the admin interface.
func (r *running) get(path string) (int, string) {
	r.t.Helper()
	response, err := r.client.Get("http://lb" + path)
	require.NoError(r.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)
	return response.StatusCode, string(body)
}

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

// TestReload: settings are taken over in full, or not at all and with all faults.
func TestReload(t *testing.T) {
	t.Parallel()
	r := start(t, "health: {check: none}\ndrain: {announce: 3600}\n") // until it is reloaded
	r.await("ready", func() bool { return slices.Contains(r.balancer.happenings(), "ready true") })
	reloaded := func(done bool) {
		t.Helper()
		before := strings.Count(r.said.text(), "the settings were read again")
		want := strings.Count(r.said.text(), "hold from now on")
		if done {
			want++
		}
		r.signals <- syscall.SIGHUP
		r.await("reload", func() bool { return strings.Count(r.said.text(), "the settings were read again") == before+1 })
		require.Equal(t, want, strings.Count(r.said.text(), "hold from now on"), r.said.text())
	}
	r.write(quick + "rule: {name: lsq}\n")
	reloaded(true)
	require.Equal(t, "lsq", r.balancer.cfg.Rule.Name)

	r.write("health: {check: pinging}\ndrain: {announce: -1}\n")
	reloaded(false)
	require.Contains(t, r.said.text(), "health.check")
	require.Contains(t, r.said.text(), "drain.announce")
	require.NotContains(t, r.said.text(), `\n`, "one fault a line")

	require.NoError(t, os.Rename(r.file, r.file+".away"))
	reloaded(false)

	r.write("health: {check: none}\nlog: {connections: " + r.dir + "/none/log}\n")
	reloaded(false)
	require.Contains(t, r.said.text(), "log.connections")

	r.balancer.mu.Lock()
	r.balancer.refuses = fmt.Errorf("%w: name", plane.ErrFixed)
	r.balancer.mu.Unlock()
	r.write(quick + "log: {connections: " + r.dir + "/log}\n")
	reloaded(false)
	r.balancer.mu.Lock()
	r.balancer.refuses = nil
	r.balancer.mu.Unlock()

	require.NoError(t, os.WriteFile(r.file, []byte(strings.Replace(settingsText(r.dir, quick), "/admin}", "/other, metrics: '127.0.0.1:0'}", 1)), 0o600))
	reloaded(false)
	require.Contains(t, r.said.text(), "cannot be changed by a reload: admin.socket, admin.metrics")

	require.Equal(t, 1, strings.Count(strings.Join(r.balancer.happenings(), " "), "reload"))
	_, text := r.get("/metrics")
	require.Contains(t, text, `fairlb_lb_reloads_total{lb="web",result="done"} 1`)
	require.Contains(t, text, `fairlb_lb_reloads_total{lb="web",result="failed"} 5`)
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
	begun, finished := 0, 0
	for _, state := range r.notified() {
		if strings.HasPrefix(state, "RELOADING=1\nMONOTONIC_USEC=") {
			begun++
		}
		if state == "READY=1" {
			finished++
		}
	}
	require.Equal(t, 6, begun)
	require.Equal(t, 7, finished)
}

// TestReloadSetsChecks: servers that come are checked, and what is known of those that
// stay is told again.
func TestReloadSetsChecks(t *testing.T) {
	t.Parallel()
	checked := "health: {check: tcp, interval: 0.05, timeout: 0.05, fall: 1, rise: 1}\ndrain: {announce: 0}\n"
	r := start(t, checked)
	r.await("checked", func() bool { return slices.Contains(r.balancer.happenings(), "ready true") })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	text := strings.Replace(settingsText(r.dir, checked), "127.0.0.2:9", l.Addr().String(), 1)
	require.NoError(t, os.WriteFile(r.file, []byte(text), 0o600))
	r.balancer.mu.Lock()
	r.balancer.up = map[string]bool{} // as a balancer that has forgotten
	r.balancer.mu.Unlock()
	r.signals <- syscall.SIGHUP
	r.awaitSaid("hold from now on")
	r.await("told again", func() bool {
		r.balancer.mu.Lock()
		defer r.balancer.mu.Unlock()
		up, known := r.balancer.up["a"]
		return known && !up
	})
	r.await("checked", func() bool { _, text := r.get("/state"); return strings.Contains(text, `"up": true`) })
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
}

// record is a connection that ended well.
var record = plane.Record{
	Accepted: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Client: netip.MustParseAddrPort("192.0.2.1:4000"), Peer: netip.MustParseAddrPort("127.0.0.1:5000"),
	Listener: "127.0.0.1:0", Server: "a", Tries: 2, Outcome: plane.Completed, Wait: time.Millisecond, Connect: 2 * time.Millisecond, First: 3 * time.Millisecond,
	Duration: 1500 * time.Millisecond, Received: 7, Sent: 8, Loop: 1,
}

// TestLine: the line of a connection, whose fields others rely on.
func TestLine(t *testing.T) {
	require.Equal(t, `{"time":"2026-01-02T03:04:05Z","lb":"web","client":"192.0.2.1:4000","peer":"127.0.0.1:5000","listener":"127.0.0.1:0","server":"a","tries":2,"outcome":"completed","queue_s":0.001,"connect_s":0.002,"first_byte_s":0.003,"duration_s":1.5,"received_bytes":7,"sent_bytes":8,"loop":1}`+"\n",
		string(appendRecord(nil, "web", &record)))
	empty := appendRecord(nil, "web", &plane.Record{Outcome: plane.NoServer})
	var line map[string]any
	require.NoError(t, json.Unmarshal(empty, &line))
	for _, field := range []string{"server", "connect_s", "first_byte_s", "client"} {
		value, there := line[field]
		require.True(t, there && value == nil, field)
	}
	block := make([]byte, 0, 1000)
	require.Zero(t, testing.AllocsPerRun(100, func() { block = appendRecord(block[:0], "web", &record) }))
}

// TestConnectionLog: every record is written, also those of the last moment; SIGHUP opens
// the file anew whether the settings are at fault or not, and may name another.
func TestConnectionLog(t *testing.T) {
	t.Parallel()
	lineOf := func(k int) plane.Record { r := record; r.Loop = k; return r }
	loops := func(path string) (list []int) {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if !strings.HasSuffix(line, "\n") {
				break // of which the rest is about to be written
			}
			var l struct{ Loop int }
			require.NoError(t, json.Unmarshal([]byte(line), &l), line)
			list = append(list, l.Loop)
		}
		return list
	}
	r, cfg := prepare(t, "")
	log, other := filepath.Join(r.dir, "log"), filepath.Join(r.dir, "other")
	r.write(quick + "log: {connections: " + log + "}\n")
	go func() { r.result <- Run(t.Context(), cfg) }()
	r.awaitSaid("have been checked")
	for k := range 600 { // more than are written at once
		r.balancer.end(lineOf(k))
	}
	r.await("written", func() bool { return len(loops(log)) == 600 })

	require.NoError(t, os.Rename(log, log+".1"))
	r.write("nonsense: true\n")
	r.signals <- syscall.SIGHUP
	r.awaitSaid("nothing has changed")
	r.balancer.end(lineOf(600))
	r.await("written anew", func() bool { return len(loops(log)) == 1 })
	require.Len(t, loops(log+".1"), 600)

	r.write(quick + "log: {connections: " + other + "}\n")
	r.signals <- syscall.SIGHUP
	r.awaitSaid("hold from now on")
	r.balancer.end(lineOf(601))
	r.await("written elsewhere", func() bool { return len(loops(other)) == 1 })
	require.NoError(t, os.Rename(other, other+".1"))
	r.signals <- syscall.SIGHUP
	r.await("reloaded", func() bool { return strings.Count(r.said.text(), "hold from now on") == 2 })

	r.balancer.mu.Lock()
	r.balancer.open = 1
	r.balancer.mu.Unlock()
	r.signals <- syscall.SIGTERM
	r.await("drain", func() bool { return slices.Contains(r.balancer.happenings(), "drain") })
	r.balancer.end(lineOf(602))
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
	require.Equal(t, []int{600}, loops(log))
	require.Equal(t, []int{601}, loops(other+".1"))
	require.Equal(t, []int{602}, loops(other))
}

// TestLogToStdout: - is stdout, and a reader that does not read costs the process a moment
// as it ends, and nothing before.
func TestLogToStdout(t *testing.T) {
	t.Parallel()
	r, cfg := prepare(t, quick+"log: {connections: '-'}\n")
	reader, writer := io.Pipe()
	defer reader.Close()
	cfg.Stdout = writer
	go func() { r.result <- Run(t.Context(), cfg) }()
	r.awaitSaid("have been checked")
	r.balancer.end(record)
	r.await("fetched", func() bool { r.balancer.mu.Lock(); defer r.balancer.mu.Unlock(); return len(r.balancer.records) == 0 })
	code, _ := r.get("/readyz")
	require.Equal(t, http.StatusOK, code)
	r.signals <- syscall.SIGTERM
	require.NoError(t, r.awaitEnd())
	require.Contains(t, r.said.text(), "the log of connections does not end")
	got := make([]byte, 9)
	_, err := io.ReadFull(reader, got) // and its goroutine ends
	require.NoError(t, err)
	require.Equal(t, `{"time":"`, string(got))
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

// TestSharedStdout: the log does not close what it was lent.
func TestSharedStdout(t *testing.T) {
	t.Parallel()
	out, err := openLog("-", io.Discard)
	require.NoError(t, err)
	require.Equal(t, linelog.Shared(io.Discard), out)
	none, err := openLog("", nil)
	require.NoError(t, err)
	require.Nil(t, none)
}
