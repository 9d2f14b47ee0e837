package balancerprocess

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/plane"
)

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
