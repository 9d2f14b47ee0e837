package apache

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"

	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/env/station"
	"fairlb/env/testbed/lab"
)

// Servers are the servers of a scenario, each an Apache that runs.
type Servers struct {
	cfg     Config
	program program
	lab     *lab.Lab
	group   *parallel.Group // of the Apaches
	running context.Context // done: they are to end, or one has
	stop    context.CancelFunc
	wake    chan struct{} // the schedule has changed

	mu      sync.Mutex
	servers []*server
	stops   []context.CancelFunc // by server, of the Apache that runs
	begin   time.Time            // the time 0 of the schedule
	changes []station.Change     // those to come
	used    []time.Duration      // by server, as the episode began
	machine machineTime          // as the episode began
	closed  bool
}

// Listen starts the servers, and returns as all of them wait for requests.
func Listen(ctx context.Context, cfg Config) (*Servers, error) {
	if err := cfg.Validate(nil); err != nil {
		return nil, err
	}
	cfg = cfg.WithDefaults()
	p, err := find()
	if err != nil {
		return nil, err
	}
	s := &Servers{cfg: cfg, program: p, wake: make(chan struct{}, 1), begin: time.Now()}
	if s.lab, err = lab.Take(p.Tools); err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.group, s.running = parallel.NewGroup(running)
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, s.Restart(nil)
}

// start makes all servers and starts their Apaches.
func (s *Servers) start(ctx context.Context) error {
	c := &s.program.Group
	if err := errors.Join(c.Make(s.lab.Group(), true), c.Prefer(s.lab.Group())); err != nil {
		return err
	}
	n := len(s.cfg.Servers)
	for j := range n {
		s.servers = append(s.servers, newServer(&s.cfg, &s.program, s.lab, j))
		s.stops = append(s.stops, func() {})
	}
	s.used = make([]time.Duration, n)
	return parallel.Each(n, func(j int) error {
		if err := s.servers[j].make(); err != nil {
			return fmt.Errorf("server %d: %w", j, err)
		}
		return s.launch(ctx, j)
	})
}

// launch starts the Apache of a server and waits until it is ready.
func (s *Servers) launch(ctx context.Context, j int) error {
	x := s.servers[j]
	running, stop := context.WithCancel(s.running)
	s.stops[j] = stop
	x.ended = make(chan struct{})
	started := make(chan error, 1)
	s.group.Go(func() error { return x.serve(running, started) })
	if err := <-started; err != nil {
		return fmt.Errorf("apache: server %d: %w", j, err)
	}
	return x.ready(ctx)
}

// Addresses are where the servers listen.
func (s *Servers) Addresses() (list []netip.AddrPort) {
	for _, x := range s.servers {
		list = append(list, netip.AddrPortFrom(x.there, 80))
	}
	return list
}

// Run makes the changes of the schedule until ctx is done. It fails if a server ends.
func (s *Servers) Run(ctx context.Context) error {
	for {
		next, err := s.catchUp()
		if err != nil {
			return err
		}
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-s.running.Done():
			timer.Stop()
			if ctx.Err() != nil {
				return nil
			}
			return s.group.Wait() // with the error of the server that ended
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

// catchUp makes the changes that are due, and returns how long it is until the next.
func (s *Servers) catchUp() (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.changes) > 0 {
		x := s.changes[0]
		if wait := time.Until(s.begin.Add(time.Duration(x.At * float64(time.Second)))); wait > 0 {
			return wait, nil
		}
		s.changes = s.changes[1:]
		server := s.servers[x.Index]
		var err error
		switch x.Kind {
		case station.SetSpeed:
			err = server.set(x.Value, server.cpus)
		case station.SetCPUs:
			err = server.set(server.speed, int(x.Value))
		}
		if err != nil {
			return 0, fmt.Errorf("apache: server %d: %w", x.Index, err)
		}
	}
	return time.Hour, nil
}

// Restart begins an episode: servers are empty and do what is configured, and the schedule
// of changes begins now. A server that still has requests is started anew.
func (s *Servers) Restart(changes []station.Change) error {
	if err := s.cfg.Validate(changes); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := parallel.Each(len(s.servers), func(j int) error {
		x := s.servers[j]
		if err := x.set(s.cfg.Servers[j].Speed, s.cfg.Servers[j].CPUs); err != nil {
			return err
		}
		busy, waiting, _, err := x.truth()
		if err == nil && busy+waiting > 0 {
			s.stops[j]()
			<-x.ended
			err = s.launch(s.running, j)
		}
		if err == nil {
			s.used[j], err = s.program.Group.Used(x.group)
		}
		return err
	})
	if err != nil {
		return err
	}
	s.begin, s.changes = time.Now(), changes
	s.machine, err = readMachine()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return err
}

// Truth implements env.GroundTruth. What work is left is NaN.
func (s *Servers) Truth(t *env.Truth) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.servers)
	*t = env.Truth{
		CPUWork: make([]float64, n), IOWork: make([]float64, n), CPUTime: make([]float64, n), Speed: make([]float64, n), Capacity: make([]float64, n),
		Busy: make([]int, n), Running: make([]int, n), Backlog: make([]int, n), CPUs: make([]int, n), Background: make([]int, n), Out: make([]bool, n),
	}
	for j, x := range s.servers {
		busy, waiting, used, err := x.truth()
		if err != nil {
			return fmt.Errorf("apache: server %d: %w", j, err)
		}
		t.CPUWork[j], t.IOWork[j], t.CPUTime[j] = math.NaN(), math.NaN(), (used - s.used[j]).Seconds()
		t.Busy[j], t.Running[j], t.Backlog[j] = busy, busy, waiting
		t.Speed[j], t.CPUs[j], t.Capacity[j] = x.speed, x.cpus, s.cfg.Processors.Full(float64(x.cpus))*x.speed
	}
	return nil
}

// Throttled returns, of a server, how many periods of its quota it ran in since it began,
// and in how many of them the quota was used up.
func (s *Servers) Throttled(server int) (periods, throttled int64, err error) {
	return s.program.Group.Throttled(s.servers[server].group)
}

// Close ends the servers, and removes all that the testbed made.
func (s *Servers) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.stop()
	_ = s.group.Wait() // Run has told of a server that ended
	return s.lab.Close()
}

// Bounds beyond which servers may not have had the processor time of their quotas.
const (
	doubtfulBusy   = 0.95 // part of the machine's cores
	doubtfulStolen = 0.01 // part of them that the machine below took
)

// Doubts says why the episode is no measurement, if the machine had not the processor time
// that the servers are to have.
func (s *Servers) Doubts() (list []string) {
	now, err := readMachine()
	if err != nil {
		return []string{err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := max(now.all-s.machine.all, 1)
	if part := (now.busy - s.machine.busy) / all; part > doubtfulBusy {
		list = append(list, fmt.Sprintf("the machine's cores were busy for %.0f %% of the time, more than %.0f %%: servers may have had less than their quotas", 100*part, 100*doubtfulBusy))
	}
	if part := (now.stolen - s.machine.stolen) / all; part > doubtfulStolen {
		list = append(list, fmt.Sprintf("another machine below this one took %.0f %% of the cores' time, more than %.0f %%", 100*part, 100*doubtfulStolen))
	}
	return list
}
