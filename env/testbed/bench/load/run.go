//go:build linux

package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
)

// ErrLoad reports a load that cannot be made.
var ErrLoad = errors.New("load: not a load")

// Load is what the clients of one run do.
type Load struct {
	Target      netip.AddrPort // IPv4, of the balancer
	Response    int            // bytes of each response's body
	Connections int            // in all
	Clients     int            // at once; in an open loop at most so many, and those that are due wait
	Rate        float64        // open loop: connections a second on average; 0: closed loop
	Timeout     time.Duration  // of one connection, which fails then
	Seed        uint64         // of the times at which connections are due
}

// Result is what became of a load.
type Result struct {
	Completed int // connections whose whole response came, and its end
	Failed    int
	Bytes     int64 // received in all
	Elapsed   time.Duration

	// Latency of completed connections, from when each was due (us).
	Latency *hdrhistogram.Histogram
}

func (load Load) validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrLoad}, args...)...))
		}
	}
	fault(!load.Target.Addr().Is4(), "target %s is not an IPv4 address", load.Target)
	fault(load.Response < 0 || load.Response > MaxResponse, "response of %d bytes: want 0 to %d", load.Response, MaxResponse)
	fault(load.Connections < 1, "%d connections: want at least 1", load.Connections)
	fault(load.Clients < 1 || load.Clients > backlog, "%d clients: want 1 to %d", load.Clients, backlog)
	fault(!(load.Rate >= 0 && load.Rate <= 1e7), "rate %v: want 0 to 1e7", load.Rate)
	fault(load.Timeout <= 0, "timeout %s: want more than 0", load.Timeout)
	return errors.Join(faults...)
}

// run is the state of a run's clients.
type run struct {
	load    Load
	target  unix.RawSockaddrInet4
	request []byte
	whole   int // bytes of a whole response
	rng     *rand.Rand

	begin   time.Time
	nextDue int64 // ns after begin: open loop, when the next connection is due
	opened  int
	active  int
	result  Result
}

// Run opens a load's connections and waits until all of them have ended, or ctx has.
// Connections that fail are counted; it is an error only if the load is none, or a
// system call fails that should not.
func (l *Loop) Run(ctx context.Context, load Load) (Result, error) {
	if err := load.validate(); err != nil {
		return Result{}, err
	}
	var stop atomic.Bool
	defer context.AfterFunc(ctx, func() { stop.Store(true) })()
	r := &run{
		load: load, target: epoll.RawAddress(load.Target), request: request(load.Response),
		whole: l.size(load.Response), rng: rand.New(rand.NewPCG(load.Seed, 0)), begin: time.Now(),
	}
	r.result.Latency = hdrhistogram.New(1, max(2*load.Timeout.Microseconds(), 1000), 3)
	l.run = r
	defer l.endRun()
	sweep := load.Timeout.Nanoseconds()
	for r.result.Completed+r.result.Failed < load.Connections {
		if stop.Load() {
			return r.result, fmt.Errorf("load: %w", context.Cause(ctx))
		}
		now := time.Since(r.begin).Nanoseconds()
		if now > sweep {
			l.sweep(now)
			sweep = now + load.Timeout.Nanoseconds()/8
		}
		if err := l.openDue(now); err != nil {
			return r.result, err
		}
		if err := l.wait(r.idle(now)); err != nil {
			return r.result, err
		}
	}
	r.result.Elapsed = time.Since(r.begin)
	return r.result, nil
}

// openDue opens the connections that are due.
func (l *Loop) openDue(now int64) error {
	for r := l.run; r.opened < r.load.Connections && r.active < r.load.Clients; {
		due := now
		if r.load.Rate > 0 {
			if due = r.nextDue; due > now {
				break
			}
			r.nextDue += int64(r.rng.ExpFloat64() * 1e9 / r.load.Rate)
		}
		if err := l.open(due, now); err != nil {
			return err
		}
	}
	return nil
}

// idle is how long the loop may wait for events. An open loop polls when the next
// connection is due within the ms, so that it is not late, and lets other goroutines
// have the processor meanwhile.
func (r *run) idle(now int64) time.Duration {
	if r.load.Rate == 0 || r.opened == r.load.Connections || r.active == r.load.Clients {
		return 50 * time.Millisecond
	}
	if ms := (r.nextDue - now) / 1e6; ms > 0 {
		return time.Duration(min(ms, 50)) * time.Millisecond
	}
	runtime.Gosched()
	return 0
}

// open opens a client's connection. On loopback it is there before connect returns,
// although connect says that it is in progress, so that the request can be sent at once.
func (l *Loop) open(due, now int64) error {
	r := l.run
	r.opened++
	fd, errno := epoll.New()
	if errno != 0 {
		return fmt.Errorf("load: socket: %w", errno)
	}
	l.use(fd, socket{kind: client, left: r.whole, due: due, open: now})
	r.active++
	if errno := epoll.Connect(fd, &r.target); errno != 0 && errno != unix.EINPROGRESS {
		l.end(fd, false)
		return nil
	}
	if n, errno := epoll.Send(fd, r.request); errno != 0 || n < len(r.request) {
		l.end(fd, false)
		return nil
	}
	if errno := l.poller.Watch(fd, 0, epoll.ToRead); errno != 0 {
		l.end(fd, false)
	}
	return nil
}

// receive reads what has come to a client. When the socket's event says that the other
// side has ended, whatever was to come is there, and a short read is the last.
func (l *Loop) receive(fd int, events uint32) {
	s, r := &l.sockets[fd], l.run
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) == 0 {
		return
	}
	for {
		n, errno := epoll.Receive(fd, l.buffer)
		if errno == unix.EAGAIN {
			return
		}
		if errno != 0 || n == 0 || n > s.left {
			l.end(fd, errno == 0 && n == 0 && s.left == 0)
			return
		}
		s.left -= n
		r.result.Bytes += int64(n)
		if n < len(l.buffer) {
			if s.left == 0 && events&unix.EPOLLRDHUP != 0 {
				l.end(fd, true)
			}
			return
		}
	}
}

// end closes a client's connection and counts it.
func (l *Loop) end(fd int, completed bool) {
	r := l.run
	if completed {
		r.result.Completed++
		us := (time.Since(r.begin).Nanoseconds() - l.sockets[fd].due) / 1000
		if err := r.result.Latency.RecordValue(us); err != nil { // beyond the largest
			_ = r.result.Latency.RecordValue(r.result.Latency.HighestTrackableValue())
		}
	} else {
		r.result.Failed++
	}
	r.active--
	l.drop(fd)
}

// sweep fails the connections that have been open for too long.
func (l *Loop) sweep(now int64) {
	for fd := range l.sockets {
		if s := &l.sockets[fd]; s.kind == client && now-s.open > l.run.load.Timeout.Nanoseconds() {
			l.end(fd, false)
		}
	}
}

// endRun closes all connections, of clients and of servers.
func (l *Loop) endRun() {
	for fd := range l.sockets {
		if l.sockets[fd].kind != listener {
			l.drop(fd)
		}
	}
	l.run = nil
}
