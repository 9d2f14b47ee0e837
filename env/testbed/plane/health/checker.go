package health

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/env/parallel"
)

// Checker checks servers. Its methods may be called from any goroutine.
type Checker struct {
	report func(server string, up bool)
	seed   uint64
	log    logrus.FieldLogger

	changing sync.Mutex // held by Set and Close
	stop     context.CancelFunc
	running  *parallel.Group // the loops of the present servers

	mu      sync.Mutex
	kind    Kind
	checked []*server // the present servers, in their order
}

// server is one that is checked, and what is known of it. Its fields but for the first
// two are guarded by the Checker's mu.
type server struct {
	Server
	once     chan struct{} // closed behind the first check
	state    State
	checks   uint64
	failures uint64
	changes  uint64
	last     error
	took     time.Duration
}

// Status is what checks have found of a server.
type Status struct {
	Name     string
	Up       bool
	Checks   uint64        // since it is known
	Failures uint64        // of them
	Changes  uint64        // from up to down or back
	Last     error         // what the last check found wrong; nil: nothing
	Took     time.Duration // the last check
}

// New returns a Checker without servers. When a server turns out not to work, or to work
// again, report is called, by one goroutine at a time for each server. Seed is of the
// jitter.
func New(report func(server string, up bool), seed uint64, log logrus.FieldLogger) *Checker {
	return &Checker{report: report, seed: seed, log: log}
}

// Set replaces the servers, and how they are checked. What is known of a server that
// stays, under its name and address, is kept. Set must not be called after Close.
func (c *Checker) Set(cfg Config, servers []Server) {
	c.changing.Lock()
	defer c.changing.Unlock()
	c.halt()
	next := c.replace(cfg, servers)
	if cfg.Kind == None {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.running, ctx = parallel.NewGroup(ctx)
	for k, s := range next {
		random := rand.New(rand.NewPCG(c.seed, uint64(k)))
		c.running.Go(func() error {
			c.loop(ctx, cfg, s, firstCheck(k, len(next), cfg.Interval), random)
			return nil
		})
	}
}

// replace makes the given servers the present ones. Those that are checked no longer
// but are in the pool are up.
func (c *Checker) replace(cfg Config, servers []Server) []*server {
	c.mu.Lock()
	known := map[Server]*server{}
	for _, s := range c.checked {
		known[s.Server] = s
	}
	c.kind, c.checked = cfg.Kind, nil
	var risen []string
	for _, want := range servers {
		s := known[want]
		if s == nil {
			s = &server{Server: want, once: make(chan struct{})}
		}
		if cfg.Kind == None && !s.state.Up() {
			risen = append(risen, s.Name)
			s = &server{Server: want, once: make(chan struct{})}
		}
		s.state.Rise, s.state.Fall = cfg.Rise, cfg.Fall
		c.checked = append(c.checked, s)
	}
	present := c.checked
	c.mu.Unlock()
	for _, name := range risen {
		c.report(name, true)
	}
	return present
}

// halt ends the loops and waits for them.
func (c *Checker) halt() {
	if c.running == nil {
		return
	}
	c.stop()
	if err := c.running.Wait(); err != nil {
		c.log.WithError(err).Error("a health check's loop had failed")
	}
	c.running = nil
}

// Close ends all checks, and waits for those that are under way, which are cut.
func (c *Checker) Close() {
	c.changing.Lock()
	defer c.changing.Unlock()
	c.halt()
}

// Checked waits until every present server has been checked once, or ctx is done.
func (c *Checker) Checked(ctx context.Context) {
	c.mu.Lock()
	kind, present := c.kind, c.checked
	c.mu.Unlock()
	if kind == None {
		return
	}
	for _, s := range present {
		select {
		case <-s.once:
		case <-ctx.Done():
			return
		}
	}
}

// Status returns what is known of each present server, in the order of Set.
func (c *Checker) Status() []Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Status, len(c.checked))
	for k, s := range c.checked {
		list[k] = Status{Name: s.Name, Up: s.state.Up(), Checks: s.checks, Failures: s.failures, Changes: s.changes, Last: s.last, Took: s.took}
	}
	return list
}

// loop checks one server until ctx is done.
func (c *Checker) loop(ctx context.Context, cfg Config, s *server, wait time.Duration, random *rand.Rand) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		err := probe(ctx, cfg, s.Server)
		if ctx.Err() != nil {
			return // the check was cut
		}
		took := time.Since(began)
		c.result(s, err, took)
		timer.Reset(max(0, nextCheck(cfg.Interval, random.Float64())-took))
	}
}

// result takes the result of a check.
func (c *Checker) result(s *server, err error, took time.Duration) {
	c.mu.Lock()
	first := !s.state.Checked()
	changed := s.state.Result(err == nil)
	up := s.state.Up()
	s.checks, s.last, s.took = s.checks+1, err, took
	if err != nil {
		s.failures++
	}
	if changed {
		s.changes++
	}
	c.mu.Unlock()
	if changed {
		log := c.log.WithFields(logrus.Fields{"server": s.Name, "address": s.Address.String()})
		if up {
			log.Info("health: the server works again")
		} else {
			log.WithError(err).Warn("health: the server does not work")
		}
		c.report(s.Name, up)
	}
	if first {
		close(s.once)
	}
}
