package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"fairlb/env"
	"fairlb/env/eventqueue"
	"fairlb/env/testbed/epoll"
	"fairlb/env/workload"
)

// lead is how long after Run begins the time 0 of the workload is.
const lead = 5 * time.Millisecond

// Run sends the requests of a source, which it closes, and waits until all have ended.
// Requests that fail are counted; it is an error only if the configuration is none, the
// source has one, ctx is done, or a system call fails that should not.
func Run(ctx context.Context, cfg Config, source workload.Source) (*Result, error) {
	r, err := newRun(cfg, source)
	if err != nil {
		return nil, errors.Join(err, source.Close())
	}
	defer epoll.LockPunctual()()
	leave := func() error { return nil }
	if cfg.Namespace != "" {
		if leave, err = epoll.Enter(cfg.Namespace); err != nil {
			return nil, errors.Join(fmt.Errorf("client: %w", err), r.close())
		}
	}
	defer context.AfterFunc(ctx, func() { r.stopped.Store(true); r.poller.Wake() })()
	err = r.loop()
	if err == nil && r.stopped.Load() {
		err = fmt.Errorf("client: %w", context.Cause(ctx))
	}
	r.result.Elapsed = time.Since(r.begin)
	r.result.Busy = r.busy.Seconds() / max(r.result.Elapsed.Seconds(), 1e-9)
	return &r.result, errors.Join(err, leave(), r.close())
}

// run is the state of a run.
type run struct {
	cfg     Config
	source  workload.Source
	fronts  [][]byte // by class: GET /name?
	backs   [][]byte // by target: HTTP/1.1 ...
	targets []unix.RawSockaddrInet4
	poller  *epoll.Poller
	stopped atomic.Bool

	begin   time.Time        // the time 0 of all times in s
	next    workload.Request // to be sent; its Time is +Inf after the last
	flights []flight         // by id
	free    []uint32         // ids without a flight
	active  int              // flights
	sent    uint32           // so far
	sockets []socket         // by file descriptor
	open    int              // sockets
	idle    [][]int32        // by target, connections that wait for a request

	deadlines eventqueue.Queue // of flights
	retries   eventqueue.Queue // flights that are to be tried again
	endings   eventqueue.Queue // sockets whose other side has yet to close

	result Result
	busy   time.Duration
	buffer []byte // what is received, one socket after the other
}

// flight is a request that is under way.
type flight struct {
	number  uint32 // of the request; numbers tell flights of one id apart
	under   bool   // under way
	class   uint8
	tries   uint8 // that were refused
	lb      int
	due     float64 // s
	sent    float64 // s, by the first try
	socket  int32   // -1: none at the moment
	request []byte
	answer  response
}

func newRun(cfg Config, source workload.Source) (*run, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	poller, err := epoll.NewPoller()
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	most := int64(2e6 * cfg.Timeout)
	r := &run{cfg: cfg, source: source, poller: poller, idle: make([][]int32, len(cfg.Targets)), buffer: make([]byte, 64<<10)}
	r.result.Lateness = hdrhistogram.New(1, max(most, time.Hour.Microseconds()), 3)
	for _, class := range cfg.Classes {
		r.result.Classes = append(r.result.Classes, newClass(class.Name, most))
		r.fronts = append(r.fronts, []byte("GET /"+url.PathEscape(class.Name)))
	}
	connection := "close"
	if cfg.KeepAlive {
		connection = "keep-alive"
	}
	for _, target := range cfg.Targets {
		r.targets = append(r.targets, epoll.RawAddress(target))
		r.backs = append(r.backs, []byte(" HTTP/1.1\r\nHost: "+target.String()+"\r\nConnection: "+connection+"\r\n\r\n"))
	}
	r.next.Demand = make([]float64, workload.MaxStages(cfg.Classes))
	return r, nil
}

// close frees what the run holds.
func (r *run) close() error {
	for fd := range r.sockets {
		r.drop(fd)
	}
	return errors.Join(r.poller.Close(), r.source.Close())
}

// now is the time (s).
func (r *run) now() float64 { return time.Since(r.begin).Seconds() }

// read reads the next request.
func (r *run) read() error {
	r.next.Demand = r.next.Demand[:cap(r.next.Demand)]
	err := r.source.Next(&r.next)
	switch {
	case errors.Is(err, io.EOF) || err == nil && r.next.Time > r.cfg.Duration:
		r.next.Time = math.Inf(1)
		return nil
	case err != nil:
		return fmt.Errorf("client: %w", err)
	case r.next.Class < 0 || r.next.Class >= len(r.cfg.Classes) || r.next.LB < 0:
		return fmt.Errorf("%w: a request of class %d at LB %d", ErrConfig, r.next.Class, r.next.LB)
	}
	for _, d := range r.next.Demand {
		if !(d >= 0 && d <= maxDemand) {
			return fmt.Errorf("%w: a request at %g s demands %g s: must be in [0, %g]", ErrConfig, r.next.Time, d, maxDemand)
		}
	}
	return nil
}

// loop sends requests and receives answers until there are none.
func (r *run) loop() error {
	r.begin = time.Now().Add(lead)
	if err := r.read(); err != nil {
		return err
	}
	for !r.stopped.Load() && (r.active > 0 || !math.IsInf(r.next.Time, 1)) {
		events, err := r.poller.Wait(r.untilNext())
		if err != nil {
			return fmt.Errorf("client: %w", err)
		}
		woke := time.Now()
		if err := r.sendDue(); err != nil {
			return err
		}
		for k, e := range events {
			r.handle(e)
			if k%16 != 15 {
				continue
			}
			if err := r.sendDue(); err != nil { // answers may wait, requests not
				return err
			}
		}
		r.expire()
		r.busy += time.Since(woke)
	}
	return nil
}

// untilNext is how long the loop may sleep.
func (r *run) untilNext() time.Duration {
	next := r.next.Time
	for _, q := range []*eventqueue.Queue{&r.deadlines, &r.retries, &r.endings} {
		if q.Len() > 0 {
			next = min(next, q.First().Time)
		}
	}
	return time.Duration(max(0, min(next-r.now(), 3600)) * 1e9)
}

// sendDue sends the requests that are due, first those that are tried again.
func (r *run) sendDue() error {
	now := r.now()
	for r.retries.Len() > 0 && r.retries.First().Time <= now {
		x := r.retries.Pop()
		if f := &r.flights[x.ID]; f.under && f.number == x.Order && f.socket < 0 {
			r.result.Retries++
			r.connect(x.ID, now)
		}
	}
	for r.next.Time <= now {
		r.send(now)
		if err := r.read(); err != nil {
			return err
		}
		now = r.now()
	}
	return nil
}

// send sends the next request.
func (r *run) send(now float64) {
	id := uint32(len(r.flights))
	if n := len(r.free); n > 0 {
		id, r.free = r.free[n-1], r.free[:n-1]
	} else {
		r.flights = append(r.flights, flight{})
	}
	f := &r.flights[id]
	lb := r.next.LB % len(r.targets)
	*f = flight{number: r.sent, under: true, class: uint8(r.next.Class), lb: lb, due: r.next.Time, sent: now, socket: -1, request: f.request[:0], answer: f.answer}
	f.answer.reset()
	r.sent++
	r.active++
	record(r.result.Lateness, now-f.due)
	f.request = append(f.request, r.fronts[f.class]...)
	for k, stage := range r.cfg.Classes[f.class].Stages {
		separator := byte('&')
		if k == 0 {
			separator = '?'
		}
		f.request = append(append(append(f.request, separator), stage.Resource.String()...), '=')
		f.request = appendDemand(f.request, r.next.Demand[k])
	}
	f.request = append(f.request, r.backs[lb]...)
	r.deadlines.Push(eventqueue.Entry{Time: f.due + r.cfg.Timeout, Order: f.number, ID: id})
	if n := len(r.idle[lb]); n > 0 {
		fd := int(r.idle[lb][n-1])
		r.idle[lb] = r.idle[lb][:n-1]
		r.result.Reused++
		r.attach(id, fd)
		r.transmit(fd)
		return
	}
	r.connect(id, now)
}

// expire fails the requests whose time is over, and closes the connections that the other
// side should have closed.
func (r *run) expire() {
	now := r.now()
	for r.deadlines.Len() > 0 && r.deadlines.First().Time <= now {
		x := r.deadlines.Pop()
		if f := &r.flights[x.ID]; f.under && f.number == x.Order {
			r.fail(x.ID, TimedOut)
		}
	}
	for r.endings.Len() > 0 && r.endings.First().Time <= now {
		x := r.endings.Pop()
		if s := &r.sockets[x.ID]; s.state == ending && uint32(s.generation) == x.Order {
			r.drop(int(x.ID))
		}
	}
}

// fail ends a request that has failed, and its connection.
func (r *run) fail(id uint32, why Failure) {
	if fd := r.flights[id].socket; fd >= 0 {
		r.drop(int(fd))
	}
	f := &r.flights[id]
	r.result.Classes[f.class].Failed[why]++
	r.end(id, r.cfg.Timeout, r.cfg.Timeout, true)
}

// complete ends a request whose whole answer has come.
func (r *run) complete(id uint32) {
	f, now := &r.flights[id], r.now()
	if f.answer.status != 200 {
		r.result.Classes[f.class].Failed[Status]++
		r.end(id, r.cfg.Timeout, r.cfg.Timeout, true)
		return
	}
	c := &r.result.Classes[f.class]
	c.Completed++
	c.CompletedSum += now - f.due
	r.end(id, now-f.due, now-f.sent, false)
}

// end records a request that has ended and frees its id.
func (r *run) end(id uint32, fromDue, fromSent float64, failed bool) {
	f := &r.flights[id]
	c := &r.result.Classes[f.class]
	c.Sum += fromDue
	record(c.FromDue, fromDue)
	record(c.FromSent, fromSent)
	if r.cfg.Recorder != nil {
		r.cfg.Recorder.Record(env.Outcome{Arrival: f.due, Completion: fromDue, Class: int(f.class), LB: f.lb, Server: f.answer.server, Failed: failed})
	}
	f.under, f.socket = false, -1
	r.active--
	r.free = append(r.free, id)
}
