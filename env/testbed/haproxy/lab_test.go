//go:build linux

package haproxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/epoll"
)

// lab is a real HAProxy with a frontend and servers, all in this test.
type lab struct {
	t        *testing.T
	folder   string
	frontend string // host:port
	config   string
	cmd      *exec.Cmd
	servers  []*labServer
}

// labServer is a server whose answers take as long as the test says.
type labServer struct {
	*httptest.Server
	delay    atomic.Int64 // ns
	status   atomic.Int64
	left     atomic.Pointer[string] // the header X-Fairlb-Requests of answers; nil: they have none
	requests atomic.Int64
	hold     atomic.Pointer[chan struct{}] // answers wait until it is closed
}

// findHAProxy returns the program, or skips the test where there is none and none is
// required.
func findHAProxy(t *testing.T) string {
	for _, path := range []string{"haproxy", "/usr/sbin/haproxy"} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	if os.Getenv("FAIRLB_REQUIRE_HAPROXY") == "1" {
		t.Fatal("haproxy is required (FAIRLB_REQUIRE_HAPROXY) but is not installed")
	}
	t.Skip("haproxy is not installed")
	return ""
}

// newLab starts HAProxy with a backend of n servers, in mode http, tcp, or told: http that
// logs what responses say of their servers' requests; lines are added to the section of
// the backend.
func newLab(t *testing.T, n int, mode string, lines ...string) *lab {
	t.Helper()
	program := findHAProxy(t)
	l := &lab{t: t, folder: t.TempDir()}
	// The port is this socket's until the end, so that nobody else gets it; HAProxy listens at
	// it beside.
	socket, at, err := epoll.Bind(netip.MustParseAddrPort("127.0.0.1:0"))
	require.NoError(t, err)
	t.Cleanup(func() { epoll.Close(socket) })
	l.frontend = at.String()
	format := LogFormat
	switch mode {
	case "tcp":
		format = LogFormatTCP
	case "told":
		mode, format = "http", LogFormatTold
	}
	var b strings.Builder
	fmt.Fprintf(&b, "global\n    stats socket %s mode 600 level admin\n    log %s len 2048 format raw local0 info\n", l.socket(), l.logSocket())
	fmt.Fprintf(&b, "defaults\n    mode %s\n    log global\n    timeout client 20s\n    timeout server 20s\n    timeout connect 2s\n", mode)
	fmt.Fprintf(&b, "frontend f\n    bind %s\n    default_backend web\n%sbackend web\n", l.frontend, format)
	for _, line := range lines {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	for k := range n {
		s := newLabServer(t)
		l.servers = append(l.servers, s)
		fmt.Fprintf(&b, "    server s%d %s weight 100\n", k, s.Listener.Addr())
	}
	l.config = filepath.Join(l.folder, "haproxy.cfg")
	require.NoError(t, os.WriteFile(l.config, []byte(b.String()), 0o600))
	l.start(program)
	t.Cleanup(l.stop)
	return l
}

func newLabServer(t *testing.T) *labServer {
	s := &labServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if hold := s.hold.Load(); hold != nil {
			<-*hold
		}
		time.Sleep(time.Duration(s.delay.Load()))
		if left := s.left.Load(); left != nil {
			w.Header().Set("X-Fairlb-Requests", *left)
		}
		if status := s.status.Load(); status != 0 {
			w.WriteHeader(int(status))
		}
		io.WriteString(w, "hello")
	}))
	t.Cleanup(s.Close)
	return s
}

func (l *lab) socket() string    { return filepath.Join(l.folder, "rt") }
func (l *lab) logSocket() string { return filepath.Join(l.folder, "log") }

// start starts HAProxy; with arguments, beside the one that runs.
func (l *lab) start(program string, arguments ...string) {
	l.t.Helper()
	l.cmd = exec.Command(program, append([]string{"-db", "-f", l.config}, arguments...)...)
	var out bytes.Buffer
	l.cmd.Stdout, l.cmd.Stderr = &out, &out
	require.NoError(l.t, l.cmd.Start())
	require.Eventually(l.t, func() bool {
		text, err := l.command("show info")
		return err == nil && strings.Contains(text, fmt.Sprintf("Pid: %d\n", l.cmd.Process.Pid))
	}, 20*time.Second, 20*time.Millisecond, "haproxy does not answer: %s", &out)
}

// stop kills HAProxy, at once.
func (l *lab) stop() {
	_ = l.cmd.Process.Kill() // it may have ended
	_ = l.cmd.Wait()         // its error is that it was killed
}

// command asks HAProxy as an operator would.
func (l *lab) command(commands ...string) (string, error) {
	return newClient(l.socket(), 5*time.Second, 100).exchange(context.Background(), strings.Join(commands, ";")+"\n")
}

// weights returns the weights that HAProxy has.
func (l *lab) weights() []int {
	l.t.Helper()
	text, err := l.command("show servers state web")
	require.NoError(l.t, err)
	states, err := parseStates(text, "web", 100)
	require.NoError(l.t, err)
	var list []int
	for _, s := range states {
		list = append(list, s.weight)
	}
	return list
}

// settings returns those of a plane of the lab, without the time that keeps servers
// that have come from having weights.
func (l *lab) settings() Config {
	cfg := DefaultConfig()
	cfg.Socket, cfg.Backend, cfg.Log = l.socket(), "web", logUnix+l.logSocket()
	cfg.Journal = filepath.Join(l.folder, "journal.json")
	cfg.Interval, cfg.Timeout, cfg.Blackout, cfg.Seed = 0.02, 10, 0, 1
	return cfg
}

// get sends n requests, so many at once, and returns how long each took, as the client
// saw it.
func (l *lab) get(n, atOnce int) []time.Duration {
	l.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	times := make([]time.Duration, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				begin := time.Now()
				if r, err := client.Get("http://" + l.frontend + "/"); err == nil {
					_, _ = io.Copy(io.Discard, r.Body) // a failure shows in what HAProxy counts
					r.Body.Close()
				}
				times[k] = time.Since(begin)
			}
		})
	}
	group.Wait()
	return times
}
