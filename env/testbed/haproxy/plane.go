package haproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/env/observe"
	"fairlb/env/settings"
	"fairlb/env/testbed"
)

var _ testbed.Plane = (*Plane)(nil)

// Plane is a backend of HAProxy. One goroutine reads log lines, one reads counts each
// interval. Read, Write and Beat may be called by one goroutine beside these.
type Plane struct {
	cfg    Config
	log    logrus.FieldLogger
	client *client
	begun  time.Time // 0 of the plane's clock
	cancel context.CancelFunc
	done   chan struct{} // closed once the goroutines have ended and weights are restored
	err    error         // of the end; to be read after done

	// exchange is held from a question to HAProxy until its answer has been taken, so
	// that no answer is older than what was written. It is taken before mu.
	exchange sync.Mutex
	journal  *journal
	balance  string
	scale    int

	mu       sync.Mutex
	slots    map[string]int // by server name
	servers  []server
	pending  []pendingFlow
	info     processInfo
	epoch    uint64
	sequence uint64
	read     float64 // s, when counts were read last
	failure  error   // of the last reading; nil: it succeeded
	fresh    testbed.Freshness
	want     []float64 // by slot, the weights that are wanted; nil: nobody steers
	ending   bool      // first weights come back and nothing is written any more
	beaten   float64   // s, when whoever steers gave a sign of life
	seed     *rand.Rand
	status   Status
}

// server is what a slot holds.
type server struct {
	testbed.Server
	address string
	initial int // the weight of HAProxy's configuration
	flows   *serverFlows
	owner   ownership
	total   uint64 // stot and wredis, as they were read last
	resent  uint64
}

// Status counts what a user should know of beside a Reading. All but Yielded only rise.
type Status struct {
	Readings, ReadingsFailed uint64 // of the runtime API
	Lines                    uint64 // log lines of the backend that were taken
	LinesMalformed           uint64 // of the log-format but for a fault
	LinesOther               uint64 // of other backends or formats
	LinesDropped             uint64 // of servers that are not known, or too many at once
	ToldMalformed            uint64 // responses whose header says what is no number of requests; all else of their lines was taken
	LinesMissing             uint64 // flows that must have ended without a line
	Restarts                 uint64 // of HAProxy
	WeightsWritten           uint64
	WritesFailed             uint64
	Conflicts                uint64   // changes of a weight by another writer
	Silences                 uint64   // times that whoever steers was silent and first weights came back
	Yielded                  []string // servers whose weight another writer has now
}

// Estimated returns the names of the features that are inferred rather than measured:
// HAProxy does not tell when flows that are under way began.
func Estimated() []string {
	var names []string
	for _, f := range observe.Features() {
		if strings.HasPrefix(f.Name, "sampled_elapsed") {
			names = append(names, f.Name)
		}
	}
	return names
}

// Open begins to steer the backend that cfg describes. The Plane lives until Close or
// until ctx ends; with either, the first weights come back.
func Open(ctx context.Context, cfg Config) (_ *Plane, err error) {
	if err := settings.Faults(ErrConfig, &cfg); err != nil {
		return nil, err
	}
	seed := cfg.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	p := &Plane{
		cfg: cfg, log: cfg.Logger, begun: time.Now(), done: make(chan struct{}),
		client: newClient(cfg.Socket, seconds(cfg.Timeout), cfg.Servers),
		slots:  map[string]int{}, seed: rand.New(rand.NewPCG(seed, 0)),
		fresh: testbed.Freshness{Blackout: cfg.Blackout, Expiry: cfg.Expiry},
	}
	if p.log == nil {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		p.log = silent
	}
	if p.journal, err = openJournal(&cfg); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.journal.close(false))
		}
	}()
	left, found, err := p.journal.read(&cfg)
	if err != nil {
		return nil, err
	}
	if err := p.refresh(ctx); err != nil {
		return nil, err
	}
	if found {
		p.takeOver(&left)
	}
	conn, err := listenLog(&cfg)
	if err != nil {
		return nil, err
	}
	ctx, p.cancel = context.WithCancel(ctx)
	go p.run(ctx, conn)
	return p, nil
}

// seconds returns the duration of so many seconds.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// now returns the time on the plane's clock (s).
func (p *Plane) now() float64 { return time.Since(p.begun).Seconds() }

// run owns the log socket and the two goroutines, and restores weights in the end.
func (p *Plane) run(ctx context.Context, conn net.PacketConn) {
	defer close(p.done)
	received := make(chan struct{})
	go func() {
		defer close(received)
		p.receive(conn)
	}()
	p.poll(ctx)
	conn.Close() // a datagram socket has nothing left to fail
	<-received
	if path, ok := strings.CutPrefix(p.cfg.Log, logUnix); ok {
		_ = os.Remove(path) // the next process removes what is left
	}
	err := p.restoreAtEnd(context.WithoutCancel(ctx))
	p.err = errors.Join(err, p.journal.close(err == nil))
}

// poll reads counts each interval, and after a failure at growing distances, until ctx
// ends.
func (p *Plane) poll(ctx context.Context) {
	const longest = 2 * time.Second // between two tries
	interval := seconds(p.cfg.Interval)
	wait := interval
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := p.refresh(ctx)
		if err == nil {
			wait = interval
			p.followUp(ctx)
		} else if ctx.Err() == nil {
			if wait == interval {
				p.log.WithError(err).Warn("HAProxy cannot be read; trying again")
			}
			wait = max(interval, min(2*wait, longest))
		}
		timer.Reset(wait)
	}
}

// Read implements testbed.Plane.
func (p *Plane) Read(r *testbed.Reading) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.failure != nil && now-p.read >= p.cfg.Gone {
		return fmt.Errorf("%w: %w", testbed.ErrPlaneGone, p.failure)
	}
	r.Sequence, r.Epoch = p.sequence, p.epoch
	r.Time, r.Age = seconds(p.read), seconds(now-p.read)
	n, features := len(p.servers), len(observe.Features())
	r.Servers, r.Obs, r.Load = resized(r.Servers, n), resized(r.Obs, n*features), resized(r.Load, n)
	for j := range p.servers {
		s := &p.servers[j]
		r.Servers[j] = s.Server
		if s.flows != nil {
			s.flows.observer.Write(r.Obs[j*features:(j+1)*features], r.Load[j:j+1], []int32{s.Ongoing})
		}
	}
	return nil
}

// resized returns a slice of n zeros, in the memory of s if it has room.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// Beat implements testbed.Plane. HAProxy knows no rule to fall back to; whoever beats or
// writes keeps the first weights from coming back for Config.Patience.
func (p *Plane) Beat() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beaten = p.now()
	return nil
}

// Release takes the weight of a server back from another writer, to which it was left.
func (p *Plane) Release(server string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	slot, ok := p.slots[server]
	if !ok {
		return fmt.Errorf("%w: backend %s has no server %q", ErrBackend, p.cfg.Backend, server)
	}
	p.servers[slot].owner.until = 0
	return nil
}

// Status returns what has been counted.
func (p *Plane) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.status
	for j := range p.servers {
		if v := &p.servers[j]; v.flows != nil {
			s.LinesMissing += v.flows.lost
			if v.owner.until != 0 {
				s.Yielded = append(s.Yielded, v.Name)
			}
		}
	}
	return s
}

// Close implements testbed.Plane: it brings the first weights back.
func (p *Plane) Close() error {
	p.cancel()
	<-p.done
	return p.err
}
