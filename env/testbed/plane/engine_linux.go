package plane

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"fairlb/env/parallel"
	"fairlb/env/testbed/epoll"
	"fairlb/env/testbed/plane/replica"
)

// engine is the balancer on Linux: its loops, and what may be asked of them.
type engine struct {
	log        logrus.FieldLogger
	began      time.Time
	parameters atomic.Pointer[parameters]
	loops      []*loop
	standing   *standing // loop 0's

	open, queued atomic.Int64 // connections, of all loops
	ready        atomic.Bool

	// mu is held by whoever has loops do something; what follows is guarded by it.
	mu       sync.Mutex
	running  bool
	ended    bool // Run has returned, or Close was called
	draining bool // nothing is accepted any more
	places   []listening
}

// listening is an address of the settings, and where that really is.
type listening struct {
	text    string
	address netip.AddrPort
}

// unixError is the error of a system call.
type unixError struct {
	call  string
	errno unix.Errno
}

func (e *unixError) Error() string { return "plane: " + e.call + ": " + e.errno.Error() }
func (e *unixError) Unwrap() error { return e.errno }

func newEngine(cfg Config, log logrus.FieldLogger) (*engine, error) {
	e := &engine{log: log, began: time.Now()}
	if err := e.build(cfg); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

// build makes the loops and their sockets.
func (e *engine) build(cfg Config) error {
	p, err := newParameters(cfg, nil)
	if err != nil {
		return err
	}
	e.parameters.Store(p)
	pool, err := p.pool()
	if err != nil {
		return err
	}
	number := cfg.Loops
	if number == 0 {
		number = runtime.GOMAXPROCS(0)
	}
	seed := cfg.Rule.Seed
	if seed == 0 {
		seed = uint64(e.began.UnixNano())
	}
	if e.standing, err = newStanding(e, &p.config); err != nil {
		return err
	}
	replicas, err := replica.New(replica.Config{
		Replicas: number, Pool: pool, Seed: seed, Room: 1 << 14,
		Observe: e.standing.publishes(), Samples: e.standing.samples(), Ended: e.standing.ended,
	})
	if err != nil {
		return err
	}
	for k, r := range replicas {
		l, err := newLoop(e, k, r, p)
		if err != nil {
			return err
		}
		e.loops = append(e.loops, l)
	}
	e.standing.loop = e.loops[0]
	e.loops[0].duties = e.standing.duties
	if err := e.standing.changed(p); err != nil {
		return err
	}
	if at := p.config.Reports.Listen; at != "" {
		if e.loops[0].reports, err = newReportSocket(at, e.loops[0].epoll); err != nil {
			return err
		}
	}
	made, err := e.listen(p.config.Listen)
	if err != nil {
		return err
	}
	for k, l := range e.loops {
		l.adopt(made, k)
	}
	e.places = addressesOf(made)
	return nil
}

// newLoop returns a loop without listeners.
func newLoop(e *engine, index int, r *replica.Replica, p *parameters) (*loop, error) {
	l := &loop{
		engine: e, index: index, replica: r, parameters: p, epoll: -1, wake: -1, spare: -1, accepting: true,
		events: make([]occurrence, 512), scratch: make([]byte, p.config.Limits.Buffer), timers: newWheel(0), exited: make(chan struct{}),
	}
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("plane: epoll: %w", err)
	}
	if l.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, errors.Join(fmt.Errorf("plane: eventfd: %w", err), l.close())
	}
	l.spare = spareFile()
	if errno := control(l.epoll, unix.EPOLL_CTL_ADD, l.wake, unix.EPOLLIN, wakeKey, 0); errno != 0 {
		return nil, errors.Join(&unixError{"epoll_ctl", errno}, l.close())
	}
	return l, nil
}

// close frees what a loop holds that does not run any more.
func (l *loop) close() error {
	for _, from := range l.listeners {
		if !from.removed {
			epoll.Close(from.fd)
			from.removed = true
		}
	}
	for _, p := range l.pipes {
		p.close()
	}
	l.pipes = nil
	l.reports.close()
	for _, fd := range []*int{&l.wake, &l.spare, &l.epoll} {
		if *fd >= 0 {
			epoll.Close(*fd)
			*fd = -1
		}
	}
	return nil
}

// now returns the time since the engine was made, ns.
func (e *engine) now() int64 { return int64(time.Since(e.began)) }

// ask has a loop's goroutine do something, and waits until it has; e.mu is held. Where the
// loop does not run, it is done here.
func (e *engine) ask(l *loop, do func()) {
	if !e.running {
		l.now = e.now()
		l.parameters = e.parameters.Load()
		do()
		return
	}
	done := make(chan struct{})
	l.post(func() {
		do()
		close(done)
	})
	select {
	case <-done:
	case <-l.exited:
		select {
		case <-done:
		default: // it ended before it came to it
			do()
		}
	}
}

// change asks loop 0 to do something that only a balancer which has not ended can.
func (e *engine) change(do func(l *loop) error) (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return ErrEnded
	}
	e.ask(e.loops[0], func() { err = do(e.loops[0]) })
	return err
}

func (e *engine) run(ctx context.Context) error {
	e.mu.Lock()
	if e.running || e.ended {
		e.mu.Unlock()
		return ErrEnded
	}
	e.running = true
	e.mu.Unlock()
	// Each loop has a processor to itself while it waits (poll); others must have one, too.
	if n := len(e.loops) + 1; runtime.GOMAXPROCS(0) < n {
		before := runtime.GOMAXPROCS(n)
		defer runtime.GOMAXPROCS(before)
	}
	group, ctx := parallel.NewGroup(ctx)
	for _, l := range e.loops {
		group.Go(l.run)
	}
	stop := context.AfterFunc(ctx, e.cutAll)
	err := group.Wait()
	stop()
	e.mu.Lock()
	e.running, e.ended, e.draining = false, true, true
	e.mu.Unlock()
	return errors.Join(err, e.free())
}

// cutAll has all loops end their connections, and then themselves.
func (e *engine) cutAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.running {
		return // their files are closed
	}
	for _, l := range e.loops {
		l.post(l.endAll)
	}
}

// endAll ends a loop's connections, and then the loop.
func (l *loop) endAll() {
	l.stopAccepting()
	for _, c := range l.connections {
		if c.stage != unused {
			l.end(c, Cut)
		}
	}
	l.cut = true
}

func (e *engine) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running || e.ended {
		return nil
	}
	e.ended, e.draining = true, true
	return e.free()
}

// free frees what the loops and the region hold, once no loop runs.
func (e *engine) free() error {
	var errs []error
	for _, l := range e.loops {
		errs = append(errs, l.close())
	}
	if e.standing != nil {
		errs = append(errs, e.standing.close())
	}
	return errors.Join(errs...)
}

func (e *engine) drain(ctx context.Context) error {
	e.mu.Lock()
	if !e.running {
		e.mu.Unlock()
		return ErrEnded
	}
	e.draining = true
	for _, l := range e.loops {
		e.ask(l, l.stopAccepting)
	}
	e.mu.Unlock()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for e.open.Load() > 0 && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-poll.C:
		}
	}
	e.cutAll()
	for _, l := range e.loops {
		<-l.exited
	}
	return nil
}

func (e *engine) setUp(name string, up bool) error {
	return e.change(func(l *loop) error { return e.standing.setUp(l.parameters, name, up) })
}

func (e *engine) setDrained(name string, drained bool) error {
	return e.change(func(l *loop) error { return e.standing.setDrained(l.parameters, name, drained) })
}

func (e *engine) setWeights(weights map[string]float64) error {
	return e.change(func(l *loop) error { return e.standing.setWeights(l.parameters, weights) })
}

func (e *engine) readRecords(dst []Record) int {
	n := 0
	for _, l := range e.loops {
		n += l.records.take(dst[n:])
	}
	return n
}

func (e *engine) addresses() []netip.AddrPort {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []netip.AddrPort
	left := slices.Clone(e.places)
	for _, a := range e.parameters.Load().config.Listen {
		if k := slices.IndexFunc(left, func(t listening) bool { return t.text == a.Address }); k >= 0 {
			list = append(list, left[k].address)
			left = slices.Delete(left, k, k+1)
		}
	}
	return list
}
