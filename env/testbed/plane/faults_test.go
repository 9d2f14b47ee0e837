//go:build linux

package plane

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/env/testbed/bench/load"
)

// balancerFlag is set in the environment of a process that is a balancer for a test: to
// the most files that it may open.
const balancerFlag = "FAIRLB_TEST_BALANCER_FILES"

func TestMain(m *testing.M) {
	if files, err := strconv.ParseUint(os.Getenv(balancerFlag), 10, 64); err == nil {
		if err := beBalancer(files); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// beBalancer reads settings, runs a balancer by them, prints its address, and for each
// further line its Snapshot.
func beBalancer(files uint64) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	var cfg Config
	lines.Scan()
	if err := json.Unmarshal(lines.Bytes(), &cfg); err != nil {
		return err
	}
	limit := syscall.Rlimit{Cur: files, Max: files}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	p, err := New(cfg, logrus.New())
	if err != nil {
		return err
	}
	go func() {
		for lines.Scan() {
			text, _ := json.Marshal(p.Snapshot())
			fmt.Printf("%s\n", text)
		}
		stop()
	}()
	fmt.Println(p.Addresses()[0])
	return p.Run(ctx)
}

// process is a balancer in a process of its own.
type process struct {
	t       *testing.T
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
	address string
	ended   chan error
}

func spawn(t *testing.T, cfg Config, files uint64) *process {
	t.Helper()
	p := &process{t: t, command: exec.Command(os.Args[0]), ended: make(chan error, 1)}
	p.command.Env = append(os.Environ(), fmt.Sprint(balancerFlag, "=", files))
	p.command.Stderr = os.Stderr
	var err error
	p.input, err = p.command.StdinPipe()
	require.NoError(t, err)
	output, err := p.command.StdoutPipe()
	require.NoError(t, err)
	p.output = bufio.NewReader(output)
	require.NoError(t, p.command.Start())
	t.Cleanup(func() { p.kill() })
	text, err := json.Marshal(cfg)
	require.NoError(t, err)
	_, err = p.input.Write(append(text, '\n'))
	require.NoError(t, err)
	p.address = p.line()
	return p
}

func (p *process) line() string {
	p.t.Helper()
	line, err := p.output.ReadString('\n')
	require.NoError(p.t, err)
	return line[:len(line)-1]
}

func (p *process) snapshot() (s Snapshot) {
	p.t.Helper()
	_, err := p.input.Write([]byte("\n"))
	require.NoError(p.t, err)
	require.NoError(p.t, json.Unmarshal([]byte(p.line()), &s))
	return s
}

func (p *process) kill() {
	if p.command.ProcessState == nil {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.command.Process.Signal(s))
}

func (p *process) dial() *net.TCPConn {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.address)
	require.NoError(p.t, err)
	p.t.Cleanup(func() { conn.Close() })
	require.NoError(p.t, conn.SetDeadline(time.Now().Add(soon)))
	return conn.(*net.TCPConn)
}

// TestFilesExhausted: where no file can be opened any more, clients are told so at once,
// those who are served go on, and all is well once files are there again.
func TestFilesExhausted(t *testing.T) {
	t.Parallel()
	p := spawn(t, testConfig(newServer(t, echo).config("a")), 64)
	var conns []net.Conn
	for range 60 {
		conn, err := net.Dial("tcp", p.address)
		if err != nil { // it was reset already
			continue
		}
		t.Cleanup(func() { conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(soon)))
		fmt.Fprint(conn, "x")
		conns = append(conns, conn)
	}
	served := 0
	for _, conn := range conns {
		if n, _ := conn.Read(make([]byte, 1)); n == 1 {
			served++
			fmt.Fprint(conn, "y")
			_, err := io.ReadFull(conn, make([]byte, 1))
			require.NoError(t, err, "it goes on")
		}
	}
	require.Greater(t, served, 10)
	require.Less(t, served, 40)
	s := p.snapshot()
	require.Positive(t, s.Faults[FilesExhausted])
	require.Positive(t, s.Ended[NoResource])
	require.Zero(t, s.Servers[0].Failed, "it is not the server's fault")
	for _, conn := range conns {
		conn.Close()
	}
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", p.address)
		if err != nil {
			return false
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(soon))
		fmt.Fprint(conn, "x")
		n, _ := conn.Read(make([]byte, 1))
		return n == 1
	}, soon, 10*time.Millisecond)
}

// TestIdleConnections: thousands of connections on which nothing passes do not keep others
// from being served.
func TestIdleConnections(t *testing.T) {
	t.Parallel()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	idle := min(3000, int(limit.Cur)/4)
	p := spawn(t, testConfig(newServer(t, echo).config("a")), limit.Cur)
	var conns []net.Conn
	for range idle {
		conn, err := net.Dial("tcp", p.address)
		require.NoError(t, err)
		conns = append(conns, conn)
	}
	began := time.Now()
	for range 100 {
		conn := p.dial()
		fmt.Fprint(conn, "x")
		_, err := io.ReadFull(conn, make([]byte, 1))
		require.NoError(t, err)
		conn.Close()
	}
	require.Less(t, time.Since(began), soon)
	require.GreaterOrEqual(t, p.snapshot().Open, idle)
	for _, conn := range conns {
		conn.Close()
	}
	require.Eventually(t, func() bool { return p.snapshot().Open == 0 }, soon, 10*time.Millisecond)
}

// TestKilled: a balancer that is killed, with connections under way, can be started anew at
// the same address at once, takes over its shared memory, and leaves nobody waiting.
func TestKilled(t *testing.T) {
	t.Parallel()
	cfg := testConfig(newServer(t, echo).config("a"))
	cfg.Shared = Shared{Layout: "v2", Path: filepath.Join(t.TempDir(), "region"), Interval: 0.01}
	for k := range 3 {
		p := spawn(t, cfg, 1000)
		cfg.Listen[0].Address = p.address
		conn := p.dial()
		fmt.Fprint(conn, "x")
		_, err := io.ReadFull(conn, make([]byte, 1))
		require.NoError(t, err)
		require.Equal(t, uint64(1), p.snapshot().Accepted, "start %d", k)
		p.kill()
		_, err = io.ReadAll(conn)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the client is not left waiting")
		conn.Close()
	}
}

// TestStopped: a balancer that stands still for a while serves all who waited.
func TestStopped(t *testing.T) {
	t.Parallel()
	p := spawn(t, testConfig(newServer(t, echo).config("a")), 1000)
	p.signal(syscall.SIGSTOP)
	var group sync.WaitGroup
	answers := make(chan error, 20)
	for range 20 {
		conn := p.dial()
		group.Go(func() {
			fmt.Fprint(conn, "x")
			_, err := io.ReadFull(conn, make([]byte, 1))
			answers <- err
		})
	}
	time.Sleep(300 * time.Millisecond)
	require.Empty(t, answers)
	p.signal(syscall.SIGCONT)
	group.Wait()
	for range 20 {
		require.NoError(t, <-answers)
	}
}

// TestNothingIsAllocated: once warm, a connection allocates nothing.
func TestNothingIsAllocated(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	loop, err := load.New()
	require.NoError(t, err)
	defer loop.Close()
	addresses, err := loop.Serve(3)
	require.NoError(t, err)
	var servers []Server
	for _, a := range addresses {
		servers = append(servers, Server{Address: a.String()})
	}
	cfg := testConfig(servers...)
	cfg.Rule.Name, cfg.Log.Connections = "self-tuning", ""
	r := start(t, cfg)
	run := load.Load{Target: netip.MustParseAddrPort(r.address), Response: 100, Connections: 2000, Clients: 20, Timeout: soon}
	var allocated uint64
	for range 5 { // of which the last ones are warm
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		result, err := loop.Run(t.Context(), run)
		require.NoError(t, err)
		require.Equal(t, run.Connections, result.Completed)
		runtime.ReadMemStats(&after)
		allocated = after.Mallocs - before.Mallocs
	}
	require.Less(t, float64(allocated)/float64(run.Connections), 0.1)
}

// TestServerGoes: a server that dies breaks off what it had, at once, and whoever comes
// after that is served by the others.
func TestServerGoes(t *testing.T) {
	t.Parallel()
	dies := newServer(t, echo)
	cfg := testConfig(dies.config("dies"), newServer(t, echo).config("stays"))
	cfg.Health.Passive, cfg.Health.Penalty = 3, 1000
	r := start(t, cfg)
	served := func() *net.TCPConn {
		conn := r.dial()
		fmt.Fprint(conn, "x")
		_, err := io.ReadFull(conn, make([]byte, 1))
		require.NoError(t, err)
		return conn
	}
	conns := []*net.TCPConn{served(), served(), served(), served()}
	dies.stop()
	began, ended := time.Now(), 0
	for _, conn := range conns {
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); err != nil && !os.IsTimeout(err) {
			ended++
		}
	}
	require.Equal(t, 2, ended)
	require.Less(t, time.Since(began), soon)
	for range 20 {
		served().Close()
	}
	s := r.eventually("it is out", func(s Snapshot) bool { return s.Servers[0].Penalised })
	require.Zero(t, s.Servers[0].Ongoing)
	require.Positive(t, s.Retried)
}

// TestRegionOverwritten: a region full of nonsense stops nobody from being served, and its
// weights are not believed.
func TestRegionOverwritten(t *testing.T) {
	t.Parallel()
	r, agent, path := steered(t, nil)
	info, err := os.Stat(path)
	require.NoError(t, err)
	noise := make([]byte, info.Size())
	for k := range noise {
		noise[k] = 0xff // as a float64, not a number
	}
	for range 20 {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = file.WriteAt(noise[:min(len(noise), 1<<16)], 0)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		_ = agent.Write([]float64{1, 2})
		_, err = r.ask()
		require.NoError(t, err)
	}
	for _, one := range r.Snapshot().Servers {
		require.GreaterOrEqual(t, one.Weight, 0.0)
		require.False(t, math.IsNaN(one.Weight) || math.IsInf(one.Weight, 0))
	}
}
