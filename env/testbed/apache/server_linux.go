package apache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"fairlb/env/testbed/lab"
)

// server is one Apache and what it has.
type server struct {
	cfg     *Config
	program *program
	lab     *lab.Lab
	index   int
	files   string // its folder
	space   string // its namespace
	link    string // the interface to it
	group   string // its control group
	here    netip.Addr
	there   netip.Addr

	pid    int // of the Apache that runs
	ended  chan struct{}
	said   bytes.Buffer // by the Apache, to be read once it has ended
	memory string       // the file of its scoreboard
	board  scoreboard

	speed float64 // now
	cpus  int     // now
}

func newServer(cfg *Config, p *program, l *lab.Lab, j int) *server {
	name := "s" + strconv.Itoa(j)
	s := &server{cfg: cfg, program: p, lab: l, index: j, files: filepath.Join(l.Files(), name), space: l.Namespace(name), link: l.Link(name)}
	s.group = filepath.Join(l.Group(), name)
	s.here, s.there = l.Pair(lab.ServerBlock, j)
	return s
}

// master and worker are the groups below a server's. Under the kernel's second version
// processes are in groups that have none below them.
func (s *server) master() string      { return filepath.Join(s.group, "master") }
func (s *server) worker(k int) string { return filepath.Join(s.group, "w"+strconv.Itoa(k)) }

// make makes all that an Apache needs but its process.
func (s *server) make() error {
	if err := writeFiles(s.program, s.files, s.index, s.cfg.Workers, s.cfg.Backlog); err != nil {
		return err
	}
	c := &s.program.Group
	if err := errors.Join(c.Make(s.group, true), c.Make(s.master(), true)); err != nil {
		return err
	}
	for k := range s.cfg.Workers {
		if err := c.Make(s.worker(k), c.Second); err != nil {
			return err
		}
	}
	s.speed, s.cpus = 0, 0
	if err := s.set(s.cfg.Servers[s.index].Speed, s.cfg.Servers[s.index].CPUs); err != nil {
		return err
	}
	return s.lab.Batch("", fmt.Sprintf(`netns add %[1]s
link add %[2]s type veth peer name eth0 netns %[1]s
addr add %[3]s/30 dev %[2]s
link set %[2]s up
`, s.space, s.link, s.here))
}

// set gives the server the quotas of a speed and a number of processors. No group may have
// a larger quota than the one above it.
func (s *server) set(speed float64, cpus int) error {
	if speed == s.speed && cpus == s.cpus {
		return nil
	}
	c, errs := &s.program.Group, []error(nil)
	whole := func() {
		errs = append(errs, c.Limit(s.group, s.cfg.Processors.Full(float64(cpus))*speed, s.cfg.Period))
	}
	if speed >= s.speed {
		whole()
	}
	for k := range s.cfg.Workers {
		if speed != s.speed {
			errs = append(errs, c.Limit(s.worker(k), speed, s.cfg.Period))
		}
	}
	if speed < s.speed {
		whole()
	}
	s.speed, s.cpus = speed, cpus
	return errors.Join(errs...)
}

// Steps of the launch: into the control group, into the namespace, the network and what
// the kernel does with a full backlog, a place for the scoreboard that nobody else has, and
// at last Apache, which is the first process of its namespace of processes: as it ends, the
// kernel ends all its workers.
const launch = `set -e
abort=$1; shift; ip=$1; shift; space=$1; shift; here=$1; shift; there=$1; shift; apache=$1; shift; settings=$1; shift
for entrance do echo 0 > "$entrance"; done
exec "$ip" netns exec "$space" sh -c 'set -e
"$1" link set lo up
"$1" addr replace "$3/30" dev eth0
"$1" link set eth0 up
"$1" route replace default via "$2"
echo "$4" > /proc/sys/net/ipv4/tcp_abort_on_overflow
mount -t tmpfs -o size=1m fairlb /dev/shm
exec "$5" -f "$6" -DFOREGROUND' sh "$ip" "$here" "$there" "$abort" "$apache" "$settings"
`

// serve runs an Apache until it ends or ctx is done, and kills it then.
func (s *server) serve(ctx context.Context, started chan<- error) error {
	defer close(s.ended)
	// The child is killed as the thread ends that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	abort := "1"
	if s.cfg.Retries {
		abort = "0"
	}
	args := append([]string{"-c", launch, "sh", abort, s.program.IP, s.space, s.here.String(), s.there.String(), s.program.apache, filepath.Join(s.files, "apache.conf")},
		s.program.Group.Entrances(s.master(), true)...)
	c := exec.CommandContext(ctx, "/bin/sh", args...)
	s.said.Reset()
	c.Stdout, c.Stderr = &s.said, &s.said
	c.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Cloneflags: syscall.CLONE_NEWPID}
	c.WaitDelay = 5 * time.Second
	if err := c.Start(); err != nil {
		started <- err
		return nil
	}
	s.pid = c.Process.Pid
	started <- nil
	err := c.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("apache: server %d ended: %w: %s", s.index, err, s.log())
}

// log is what a server has said, for errors.
func (s *server) log() string {
	b, _ := os.ReadFile(filepath.Join(s.files, "error.log"))
	text := strings.TrimSpace(s.said.String() + string(b))
	return text[max(0, len(text)-1000):]
}

// ready waits until all workers wait for requests, and puts each into its group.
func (s *server) ready(ctx context.Context) error {
	var last error
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.ended:
			return fmt.Errorf("apache: server %d does not start: %s", s.index, s.log())
		case <-ctx.Done():
			return context.Cause(ctx)
		default:
		}
		if last = s.look(); last == nil {
			return nil
		}
	}
	return fmt.Errorf("apache: server %d is not ready within %s: %w", s.index, startWithin, last)
}

// look finds the workers and the scoreboard of an Apache that has begun.
func (s *server) look() error {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.pid, s.pid))
	if err != nil {
		return err
	}
	workers := strings.Fields(string(children))
	if len(workers) != s.cfg.Workers {
		return fmt.Errorf("%d workers of %d", len(workers), s.cfg.Workers)
	}
	found, _ := filepath.Glob(fmt.Sprintf("/proc/%d/root/dev/shm/ShM.*", s.pid)) // the pattern is one
	if len(found) != 1 {
		return fmt.Errorf("%d files of shared memory", len(found))
	}
	s.memory = found[0]
	b, err := s.readBoard()
	if err != nil {
		return err
	}
	if s.board, err = newScoreboard(b, s.cfg.Workers); err != nil {
		return err
	}
	for k, pid := range workers {
		for _, entrance := range s.program.Group.Entrances(s.worker(k), s.program.Group.Second) {
			if err := lab.Write(entrance, pid); err != nil {
				return err
			}
		}
	}
	_, err = s.waiting()
	return err
}

// readBoard reads the shared memory of the scoreboard.
func (s *server) readBoard() ([]byte, error) {
	f, err := os.Open(s.memory)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	return b, errors.Join(err, f.Close())
}

// busy returns how many workers have a request.
func (s *server) busy() (int, error) {
	b, err := s.readBoard()
	if err != nil {
		return 0, err
	}
	return s.board.busy(b), nil
}

// waiting returns how many connections the kernel holds for the server until a worker
// takes them.
func (s *server) waiting() (int, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/net/tcp", s.pid))
	if err != nil {
		return 0, err
	}
	b, err := io.ReadAll(io.LimitReader(f, 4096)) // sockets that listen come first
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	return acceptQueue(string(b))
}

// acceptQueue finds the length of the queue of the socket that listens at port 80 in the
// kernel's table of TCP sockets.
func acceptQueue(table string) (int, error) {
	const listens = "0A"
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) > 4 && f[3] == listens && strings.HasSuffix(f[1], ":0050") {
			_, received, _ := strings.Cut(f[4], ":")
			n, err := strconv.ParseInt(received, 16, 32)
			return int(n), err
		}
	}
	return 0, errors.New("no socket listens at port 80")
}

// truth reads what the server holds.
func (s *server) truth() (busy, waiting int, used time.Duration, err error) {
	busy, err1 := s.busy()
	waiting, err2 := s.waiting()
	used, err3 := s.program.Group.Used(s.group)
	return busy, waiting, used, errors.Join(err1, err2, err3)
}
