//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// quickChecks are settings that let tests take no time, and that no check which comes late
// on a busy machine disturbs.
const quickChecks = "health: {interval: 0.2, timeout: 0.2, rise: 1, fall: 5}\nloops: 1\n"

// TestLBReloads: SIGHUP takes new settings over while connections go on, and faulty ones
// not at all.
func TestLBReloads(t *testing.T) {
	t.Parallel()
	first, second := newNamedServer(t, "first", "127.0.0.1:0"), newNamedServer(t, "second", "127.0.0.1:0")
	b := newBalancer(t)
	b.write(quickChecks, first)
	b.start()
	kept := b.connect()
	require.Equal(t, "first", kept.ask(t))

	b.write(quickChecks, second)
	b.signal(syscall.SIGHUP)
	b.awaitSaid("hold from now on", 1)
	require.Equal(t, "second", b.connect().ask(t))
	require.Equal(t, "first", kept.ask(t))
	require.True(t, b.server("first").Leaving)

	b.write("loops: many\nlimits: {queue: -1}\n", first)
	b.signal(syscall.SIGHUP)
	b.awaitSaid("nothing has changed", 1)
	require.Contains(t, b.said.String(), "limits.queue")
	require.Equal(t, "second", b.connect().ask(t))
	b.write("loops: 2\n", second)
	b.signal(syscall.SIGHUP)
	b.awaitSaid("nothing has changed", 2)
	require.Contains(t, b.said.String(), "cannot be changed by a reload: loops")
	require.Equal(t, "first", kept.ask(t))
	kept.Close()
	b.signal(syscall.SIGTERM)
	b.awaitSaid("a second signal cuts them", 1)
	b.signal(syscall.SIGTERM)
	require.Equal(t, exitDone, b.exit())
}

// TestLBDrains: at SIGTERM the balancer is not ready any more and accepts still, then it
// accepts no more, waits for connections under way, and ends with 0.
func TestLBDrains(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	b.write(quickChecks+"drain: {announce: 0.5, wait: 60}\nlog: {connections: "+b.dir+"/log}\n", newNamedServer(t, "a", "127.0.0.1:0"))
	b.start()
	kept := b.connect()
	require.Equal(t, "a", kept.ask(t))
	address := b.state().Listen[0]
	b.signal(syscall.SIGTERM)
	b.awaitSaid("a second signal cuts them", 1)
	s := b.state()
	require.False(t, s.Ready)
	require.Equal(t, "the balancer is ending", s.Unready)
	if !s.Draining { // else this machine was slow
		late := b.connect()
		require.Equal(t, "a", late.ask(t))
		late.Close()
	}
	b.await("nothing is accepted", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	require.Equal(t, "a", kept.ask(t))
	kept.Close()
	require.Equal(t, exitDone, b.exit())
	require.NoFileExists(t, filepath.Join(b.dir, "admin"))
	require.NotContains(t, b.said.String(), "connections were cut")
	text, err := os.ReadFile(filepath.Join(b.dir, "log"))
	require.NoError(t, err)
	require.Contains(t, string(text), `"server":"a"`)
	for line := range strings.Lines(string(text)) {
		require.True(t, json.Valid([]byte(line)), line)
	}
}

// TestLBCuts: a second signal cuts what is under way, and the exit code is 0 still.
func TestLBCuts(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	b.write(quickChecks+"drain: {announce: 3600, wait: 3600}\n", newNamedServer(t, "a", "127.0.0.1:0"))
	b.start()
	kept := b.connect()
	require.Equal(t, "a", kept.ask(t))
	b.signal(syscall.SIGINT)
	b.awaitSaid("a second signal cuts them", 1)
	b.signal(syscall.SIGINT)
	require.Equal(t, exitDone, b.exit())
	_, err := kept.lines.ReadByte()
	require.Error(t, err)
	require.Contains(t, b.said.String(), "connections were cut")
}

// TestLBKilled: what SIGKILL leaves, a restart takes over; a balancer that runs is left
// alone, and the second one says why it does not start.
func TestLBKilled(t *testing.T) {
	t.Parallel()
	a := newNamedServer(t, "a", "127.0.0.1:0")
	b := newBalancer(t)
	b.write(quickChecks+"drain: {announce: 0, wait: 0}\n", a)
	b.start()
	require.Equal(t, "a", b.connect().ask(t))
	second, err := program(t, "lb", b.file).CombinedOutput()
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended)
	require.Equal(t, exitFailed, ended.ExitCode())
	require.Regexp(t, `^fairlb: admin\.socket: .*/admin: another process answers at this socket; is this balancer running already\?\n$`, string(second))
	require.Equal(t, "a", b.connect().ask(t))

	b.signal(syscall.SIGKILL)
	require.Equal(t, -1, b.exit())
	require.FileExists(t, filepath.Join(b.dir, "admin"))
	b.start()
	require.Equal(t, "a", b.connect().ask(t))
	b.signal(syscall.SIGTERM)
	require.Equal(t, exitDone, b.exit())
	require.NoFileExists(t, filepath.Join(b.dir, "admin"))
}

// TestLBHealth: a server that fails its checks gets nothing, and the balancer without any
// server is not ready; it is when the server is back.
func TestLBHealth(t *testing.T) {
	t.Parallel()
	a := newNamedServer(t, "a", "127.0.0.1:0")
	b := newBalancer(t)
	b.write(quickChecks+"drain: {announce: 0, wait: 0}\n", a)
	b.start()
	require.Equal(t, "a", b.connect().ask(t))
	a.stop()
	b.await("the server is out", func() bool { return !b.server("a").Up })
	b.await("the balancer is not ready", func() bool { return b.state().Unready == "no server is in" })
	require.NotEmpty(t, b.server("a").Check.Last)
	again := newNamedServer(t, "a", a.address)
	b.await("the server is in", func() bool { return b.server("a").In })
	require.Equal(t, "a", b.connect().ask(t))
	again.stop()
	b.signal(syscall.SIGTERM)
	require.Equal(t, exitDone, b.exit())
}

// TestLBAdmin: the administrator drains a server and sets weights, and reads what came of
// it.
func TestLBAdmin(t *testing.T) {
	t.Parallel()
	a, c := newNamedServer(t, "a", "127.0.0.1:0"), newNamedServer(t, "c", "127.0.0.1:0")
	b := newBalancer(t)
	b.write(quickChecks+"drain: {announce: 0, wait: 0}\nrule: {name: weights, fallback: lsq}\n", a, c)
	b.start()
	require.Equal(t, http.StatusOK, b.post("/drain?server=a", ""))
	for range 4 {
		conn := b.connect()
		require.Equal(t, "c", conn.ask(t))
		conn.Close()
	}
	require.True(t, b.server("a").Drained)
	require.Equal(t, http.StatusOK, b.post("/undrain", `{"server": "a"}`))
	require.Equal(t, http.StatusOK, b.post("/weights", `{"a": 3, "c": 0.5}`))
	require.Equal(t, 3.0, b.server("a").Weight)
	require.Equal(t, "weights", b.state().Decider)
	require.Equal(t, http.StatusBadRequest, b.post("/weights", `{"a": 1, "x": 1}`))
	require.Equal(t, 3.0, b.server("a").Weight)
	require.Equal(t, "a", b.connect().ask(t))

	text := b.get("/metrics")
	require.Contains(t, text, fmt.Sprintf(`fairlb_lb_server_connections_total{address="%s",lb="web",server="a"} 1`, a.address))
	require.Regexp(t, `(?m)^fairlb_lb_connections_accepted_total\{lb="web"\} 5$`, text)
	b.signal(syscall.SIGTERM)
	require.Equal(t, exitDone, b.exit())
}

// TestLBSteered: an agent that is given the balancer's settings decides for it, and when it
// has gone the fallback does.
func TestLBSteered(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	b.write(quickChecks+"drain: {announce: 0, wait: 0}\nrule: {name: weights, fallback: lsq, patience: 0.3}\nshared: {layout: v2, path: "+b.dir+"/region, interval: 0.01}\n",
		newNamedServer(t, "a", "127.0.0.1:0"), newNamedServer(t, "c", "127.0.0.1:0"))
	b.start()
	require.Equal(t, "lsq", b.state().Decider)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	said := &syncBuffer{}
	go func() { ended <- run(ctx, []string{"agent", "--plane", b.file, "--interval", "0.02"}, said, said) }()
	b.await("the agent decides", func() bool {
		conn := b.connect()
		conn.ask(t)
		conn.Close()
		s := b.state()
		return s.Decider == "weights" && s.Servers[0].Weight > 0 && s.Servers[1].Weight > 0
	})
	cancel()
	require.NoError(t, <-ended, said.String())
	b.await("the fallback decides", func() bool { return b.state().Decider == "lsq" })
	b.signal(syscall.SIGTERM)
	require.Equal(t, exitDone, b.exit())
}

// TestLBLogIsLost: neither a full disk nor a reader of stdout that has gone does the
// balancer any harm, and lost lines are counted.
func TestLBLogIsLost(t *testing.T) {
	t.Parallel()
	for _, log := range []string{"/dev/full", "'-'"} {
		b := newBalancer(t)
		b.write(quickChecks+"drain: {announce: 0, wait: 0}\nlog: {connections: "+log+"}\n", newNamedServer(t, "a", "127.0.0.1:0"))
		reader, writer, err := os.Pipe()
		require.NoError(t, err)
		b.start(func(c *exec.Cmd) { c.Stdout = writer })
		require.NoError(t, writer.Close())
		require.NoError(t, reader.Close())
		for range 3 {
			conn := b.connect()
			require.Equal(t, "a", conn.ask(t))
			conn.Close()
		}
		b.await("lines are lost", func() bool {
			return strings.Contains(b.get("/metrics"), "fairlb_lb_log_lines_lost_total{lb=\"web\"} 3\n")
		})
		require.Equal(t, "a", b.connect().ask(t))
		b.signal(syscall.SIGTERM)
		require.Equal(t, exitDone, b.exit(), b.said.String())
		require.Equal(t, 1, strings.Count(b.said.String(), "connections are lost: the log cannot be written"))
	}
}

// TestLBStderrBlocks: a reader of messages that does not read stops nothing but messages.
func TestLBStderrBlocks(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	a := newNamedServer(t, "a", "127.0.0.1:0")
	b.write(quickChecks+"drain: {announce: 0, wait: 0}\n", a)
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	b.start(func(c *exec.Cmd) { c.Stderr = writer })
	require.NoError(t, writer.Close())
	faults := ""
	for k := range 20 {
		faults += fmt.Sprintf("nonsense-%d-%s: 1\n", k, strings.Repeat("x", 100))
	}
	b.write(faults)
	reloads := func(n int) bool {
		return strings.Contains(b.get("/metrics"), fmt.Sprintf("fairlb_lb_reloads_total{lb=\"web\",result=\"failed\"} %d\n", n))
	}
	for k := range 30 { // a pipe holds 64 KiB
		b.signal(syscall.SIGHUP)
		b.await("reload", func() bool { return reloads(k + 1) })
	}
	require.Equal(t, "a", b.connect().ask(t))
	b.signal(syscall.SIGTERM)
	require.Equal(t, exitDone, b.exit())
}

// TestLBTellsSystemd: the service manager is told of the beginning, a reload and the end,
// and gets signs of life.
func TestLBTellsSystemd(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	b.write(quickChecks+"drain: {announce: 0, wait: 0}\n", newNamedServer(t, "a", "127.0.0.1:0"))
	path := filepath.Join(b.dir, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer manager.Close()
	require.NoError(t, manager.SetReadDeadline(time.Now().Add(30*time.Second)))
	next := func(pattern string) {
		t.Helper()
		buffer := make([]byte, 4096)
		for {
			n, err := manager.Read(buffer)
			require.NoError(t, err, "waiting for %s", pattern)
			if regexp.MustCompile(pattern).Match(buffer[:n]) {
				return
			}
		}
	}
	b.start(func(c *exec.Cmd) { c.Env = append(c.Env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=40000") })
	next(`^READY=1$`)
	next(`^STATUS=1 of 1 server in, \d connections? under way$`)
	next(`^WATCHDOG=1$`)
	b.signal(syscall.SIGHUP)
	next(`^RELOADING=1\nMONOTONIC_USEC=\d+\n$`)
	next(`^READY=1$`)
	b.signal(syscall.SIGTERM)
	next(`^STOPPING=1$`)
	require.Equal(t, exitDone, b.exit())
}

// TestLBFaults: what is wrong with settings is told with exit code 2, what the machine
// cannot give with 1, each in a sentence.
func TestLBFaults(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	dir := t.TempDir()
	servers := "servers: [{address: '127.0.0.1:9'}]\n"
	free := "listen: [{address: '127.0.0.1:0'}]\n" + servers
	for k, test := range []struct {
		text, want string
		code       int
	}{
		{"", "no such file", exitUsage}, // there is no file
		{"listen: [{address: '0.0.0.0:80'}]\n" + servers, "other machines may reach it: use a loopback address, or set public: true", exitUsage},
		{free + "admin: {metrics: '10.0.0.1:9100'}\n", "admin.metrics", exitUsage},
		{"listen: [{address: '" + taken.Addr().String() + "'}]\n" + servers, "cannot listen at " + taken.Addr().String(), exitFailed},
		{free + "admin: {metrics: '" + taken.Addr().String() + "'}\n", "address already in use", exitFailed},
		{free + "admin: {socket: '" + dir + "'}\n", "there is something at this path that is no socket", exitUsage},
		{free + "admin: {socket: '" + dir + "/none/admin'}\n", "no such file or directory", exitUsage},
		{free + "log: {connections: '" + dir + "'}\n", "is a directory", exitUsage},
	} {
		file := filepath.Join(dir, fmt.Sprintf("%d.yaml", k))
		if test.text != "" {
			require.NoError(t, os.WriteFile(file, []byte(test.text), 0o600))
		}
		_, _, err := command(t, "lb", file)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, test.code, exitCode(err), err)
	}
	_, _, err = command(t, "lb")
	require.Equal(t, exitUsage, exitCode(err))
}

// TestLBCheck: a file is checked without being run, and the one that ships is valid.
func TestLBCheck(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "env", "testbed", "lb.yaml")
	stdout, _, err := command(t, "lb", file, "--check")
	require.NoError(t, err)
	require.Equal(t, file+" is valid: web listens at 1 address for 3 servers, by self-tuning\n", stdout)
	_, _, err = command(t, "lb", fileOf(t, "bad.yaml", "listen: []\nservers: [{capacity: -1}]\n"), "--check")
	require.ErrorContains(t, err, "listen")
	require.ErrorContains(t, err, "servers[0].capacity")
	require.Equal(t, exitUsage, exitCode(err))
}
