package emulated

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"fairlb/env"
	"fairlb/env/eventqueue"
	"fairlb/env/station"
	"fairlb/env/testbed/epoll"
)

const (
	kernelBacklog = 4096 // connections that the kernel holds until the loop accepts them
	// sweepInterval (s) is how often the loop looks for connections that have been silent
	// for too long.
	sweepInterval = 0.1
)

// Servers are the servers of a scenario, listening.
type Servers struct {
	cfg       Config
	addresses []netip.AddrPort
	ports     []int // sockets that keep each server's port when it does not listen
	answers   []answers
	poller    *epoll.Poller
	stopped   atomic.Bool

	mu        sync.Mutex // held by the loop while it is awake
	begin     time.Time  // the time 0 of all times in s
	pool      *station.Pool
	changes   []station.Change // those to come
	failed    []bool           // by server
	requests  []int32          // by server, that it has
	tellings  tellings
	failsFast []bool           // by server: it answers requests by breaking them off
	sockets   []socket         // by file descriptor
	tasks     []task           // by id
	free      []uint32         // ids without a request
	retries   eventqueue.Queue // requests that were not taken, by when they come again or give up
	refusals  uint32           // so far
	open      int              // connections
	nextSweep float64          // s
	closed    bool

	answered []int32 // connections that stay, and are to be read next
	failure  error   // that ends the loop

	counts   []Counts
	lateness *hdrhistogram.Histogram // us
	busy     time.Duration
	buffer   []byte // what is read, one socket after the other
	text     []byte // an answer with a count
}

// answers are what a server says after the last stage, by whether the connection stays and
// whether the client wants the head alone.
type answers [2][2][]byte

// statusLine begins each answer.
const statusLine = "HTTP/1.1 200 OK\r\n"

func newAnswers(server int) (a answers) {
	for keep, connection := range []string{"close", "keep-alive"} {
		head := statusLine + "Server: " + strconv.Itoa(server) + "\r\nContent-Length: 3\r\nConnection: " + connection + "\r\n\r\n"
		a[keep] = [2][]byte{[]byte(head + "ok\n"), []byte(head)}
	}
	return a
}

// task is a request at a server.
type task struct {
	arrival float64 // s
	socket  int32   // -1: its client has gone
	server  uint16
	retries uint8 // times that it was refused before
}

// Listen returns the servers of a configuration. They accept connections, and serve them
// while Run runs.
func Listen(cfg Config) (*Servers, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	poller, err := epoll.NewPoller()
	if err != nil {
		return nil, fmt.Errorf("emulated: %w", err)
	}
	n := len(cfg.Servers)
	s := &Servers{
		cfg: cfg, poller: poller, pool: station.NewPool(cfg.Config, paths()), failed: make([]bool, n), requests: make([]int32, n), failsFast: make([]bool, n), counts: make([]Counts, n),
		lateness: hdrhistogram.New(1, time.Hour.Microseconds(), 3), buffer: make([]byte, maxHead), begin: time.Now(), changes: cfg.Changes,
	}
	s.pool.Reset()
	s.tellings.socket = -1
	for j := range n {
		at := netip.AddrPortFrom(cfg.Address, 0)
		if len(cfg.Ports) > 0 {
			at = netip.AddrPortFrom(cfg.Address, cfg.Ports[j])
		}
		port, address, err := epoll.Bind(at)
		if err == nil {
			s.ports, s.addresses, s.answers = append(s.ports, port), append(s.addresses, address), append(s.answers, newAnswers(j))
			err = s.listen(j)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("emulated: server %d at %s: %w", j, at, err), s.Close())
		}
	}
	if err := s.openTellings(); err != nil {
		return nil, errors.Join(fmt.Errorf("emulated: a socket for what servers tell: %w", err), s.Close())
	}
	return s, nil
}

// Addresses are where the servers listen.
func (s *Servers) Addresses() []netip.AddrPort { return s.addresses }

// listen lets a server accept connections.
func (s *Servers) listen(server int) error {
	listener, _, err := epoll.Listen(s.addresses[server], kernelBacklog)
	if err != nil {
		return err
	}
	generation := s.use(listener, listening, server)
	if errno := s.poller.Watch(listener, generation, unix.EPOLLIN); errno != 0 {
		return errno
	}
	s.sockets[listener].watched = true
	return nil
}

// Close ends the servers and all connections, after Run.
func (s *Servers) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for fd := range s.sockets {
		if s.sockets[fd].state != unused {
			s.drop(fd, epoll.Reset)
		}
	}
	for _, port := range s.ports {
		epoll.Close(port)
	}
	s.tellings.close()
	return s.poller.Close()
}

// Run serves until ctx is done. The times of Changes count from here.
func (s *Servers) Run(ctx context.Context) error {
	defer epoll.LockPunctual()()
	defer context.AfterFunc(ctx, func() { s.stopped.Store(true); s.poller.Wake() })()
	if err := s.Restart(s.cfg.Changes); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.stopped.Load() {
		limit := s.untilNext()
		s.mu.Unlock()
		events, err := s.poller.Wait(limit)
		s.mu.Lock()
		if err != nil {
			return fmt.Errorf("emulated: %w", err)
		}
		woke := time.Now()
		if err := s.catchUp(s.now()); err != nil {
			return err
		}
		for _, e := range events {
			s.handle(e)
		}
		s.readAnswered()
		if s.failure != nil {
			return s.failure
		}
		s.busy += time.Since(woke)
	}
	return nil
}

// Restart begins anew: servers are empty and do what is configured, the schedule of changes
// begins now, and Report counts from now on. Requests that were under way are broken off.
func (s *Servers) Restart(changes []station.Change) error {
	cfg := s.cfg
	cfg.Changes = changes
	if err := cfg.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for fd := range s.sockets {
		if s.sockets[fd].state == serving {
			s.drop(fd, epoll.Reset)
		}
	}
	for j, failed := range s.failed {
		if s.failed[j] = false; !failed {
			continue
		}
		if err := s.listen(j); err != nil {
			return fmt.Errorf("emulated: server %d at %s: %w", j, s.addresses[j], err)
		}
	}
	clear(s.failsFast)
	clear(s.requests)
	s.tellings.turns, s.tellings.sent = 0, 0
	s.scheduleTelling()
	s.pool.Reset()
	s.tasks, s.free, s.changes = s.tasks[:0], s.free[:0], changes
	s.retries.Reset()
	shift := s.now()
	for fd := range s.sockets {
		s.sockets[fd].deadline -= shift
	}
	s.begin, s.nextSweep, s.busy = time.Now(), 0, 0
	clear(s.counts)
	s.lateness.Reset()
	s.poller.Wake()
	return nil
}

// now is the time (s).
func (s *Servers) now() float64 { return time.Since(s.begin).Seconds() }

// untilNext is how long the loop may sleep.
func (s *Servers) untilNext() time.Duration {
	next := min(s.pool.NextCompletion(), s.nextSweep, s.tellings.next)
	if len(s.changes) > 0 {
		next = min(next, s.changes[0].At)
	}
	if s.retries.Len() > 0 {
		next = min(next, s.retries.First().Time)
	}
	return time.Duration(max(0, next-s.now()) * 1e9)
}

// catchUp lets happen what is due by now: each at its time, as in the simulator, whose
// order of what happens at one time is this.
func (s *Servers) catchUp(now float64) error {
	for {
		completion := s.pool.NextCompletion()
		switch {
		case len(s.changes) > 0 && s.changes[0].At <= min(now, completion):
			x := s.changes[0]
			s.changes = s.changes[1:]
			if err := s.change(x); err != nil {
				return err
			}
		case completion <= now && (s.retries.Len() == 0 || completion <= s.retries.First().Time):
			id, done := s.pool.Complete(completion)
			s.late(now - completion)
			if done {
				s.complete(id)
			}
		case s.retries.Len() > 0 && s.retries.First().Time <= now:
			x := s.retries.Pop()
			s.offer(x.ID, x.Time)
		case s.tellings.next <= now:
			s.tellInTurn(now)
		default:
			if s.nextSweep <= now {
				s.sweep(now)
				s.nextSweep = now + sweepInterval
			}
			return nil
		}
	}
}

// late records how late (s) a completion was seen.
func (s *Servers) late(by float64) {
	us := min(int64(by*1e6), s.lateness.HighestTrackableValue())
	_ = s.lateness.RecordValue(us) // within bounds
}

// change makes a change of the schedule.
func (s *Servers) change(x station.Change) error {
	switch x.Kind {
	case station.SetSpeed, station.SetCPUs, station.SetBackground:
		s.pool.Adjust(x.At, x)
	case station.Fail:
		s.fail(x.Index, x.At)
	case station.FailFast:
		s.failsFast[x.Index] = true
	case station.Return:
		s.failsFast[x.Index] = false
		if !s.failed[x.Index] {
			return nil // it was drained, or failed fast
		}
		s.failed[x.Index] = false
		if err := s.listen(x.Index); err != nil {
			return fmt.Errorf("emulated: server %d at %s: %w", x.Index, s.addresses[x.Index], err)
		}
	}
	return nil
}

// fail stops a server: nobody listens, and all its connections are broken off.
func (s *Servers) fail(server int, now float64) {
	if s.failed[server] {
		return
	}
	s.failed[server] = true
	for _, id := range s.pool.Fail(now, server, nil) {
		s.counts[server].Lost++
		s.end(id)
	}
	s.requests[server] = 0
	for fd := range s.sockets {
		x := &s.sockets[fd]
		if x.state == unused || int(x.server) != server {
			continue
		}
		if x.state == serving { // it was refused and waits to be offered again
			s.tasks[x.task].socket = -1
		}
		s.drop(fd, epoll.Reset)
	}
	s.pool.ClearWork(server)
}

// Report says how the servers have done since Run or Restart began.
func (s *Servers) Report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Report{Elapsed: time.Since(s.begin), Told: s.tellings.sent, Servers: append([]Counts(nil), s.counts...), Lateness: hdrhistogram.Import(s.lateness.Export())}
	r.Busy = s.busy.Seconds() / max(r.Elapsed.Seconds(), 1e-9)
	return r
}

// Truth implements env.GroundTruth.
func (s *Servers) Truth(t *env.Truth) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pool.ReadTruth(s.now(), t)
	for j := range t.Out {
		t.Out[j] = s.failed[j] || s.failsFast[j]
	}
	return nil
}

var _ env.GroundTruth = (*Servers)(nil)
